import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A container engine of a test's own: without a daemon, and all of its images and containers in a folder of its own. */
export interface Podman {
  /** Runs one command of it. @returns what it said @throws with what it complained of */
  run(...words: readonly string[]): string
  /** What a container wrote to both outputs. */
  logs(container: string): string
  /** Starts a container that ends by itself some minutes later, should nobody be left to end it. @param words of `podman run` */
  start(...words: readonly string[]): void
  /** Ends its containers and removes all that it made. */
  close(): void
}

const mostSaid = 64 << 20
/** OVERLAYFS_SUPER_MAGIC of statfs(2). */
const overlay = 0x79_4c_76_30

/** @throws by name when podman or runc is missing, or when whoever asks is not root */
export function openPodman(): Podman {
  for (const program of ['podman', 'runc'])
    if (spawnSync(program, ['--version']).error !== undefined)
      assert.fail(`${program} is missing. Install it: apt-get install podman runc`)
  assert.equal(process.getuid?.(), 0, 'containers are built and run by root here')
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-podman-'))
  const places = ['--root', join(folder, 'storage'), '--runroot', join(folder, 'run'), '--tmpdir', join(folder, 'tmp')]
  // Inside a container that is on an overlay itself there is none upon it, only copies.
  const driver = statfsSync(folder).type === overlay ? 'vfs' : 'overlay'
  const ways = `--storage-driver ${driver} --runtime runc --cgroup-manager cgroupfs --events-backend none`.split(' ')
  const both = (...words: readonly string[]) => {
    const options = { encoding: 'utf8', env: { ...process.env, TMPDIR: folder }, maxBuffer: mostSaid } as const
    const { status, stdout, stderr, error } = spawnSync('podman', [...places, ...ways, ...words], options)
    assert.equal(status, 0, `podman ${words.join(' ')}\n${error ?? ''}${stdout.slice(-4_000)}${stderr.slice(-4_000)}`)
    return { stdout, stderr }
  }
  const run = (...words: readonly string[]): string => both(...words).stdout.trim()
  return {
    run,
    logs: container => {
      const { stdout, stderr } = both('logs', container)
      return stdout + stderr
    },
    // The limits are below what a root without all rights may give; no service here comes near them.
    start: (...words) => {
      const limits = ['--ulimit', 'nofile=1024:4096', '--ulimit', 'nproc=1000:1000', '--timeout', '300']
      run('run', '--detach', '--network', 'host', ...limits, ...words)
    },
    close: () => {
      run('rm', '--all', '--force', '--time', '0')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
