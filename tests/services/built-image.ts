import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Podman } from './podman.ts'

const root = join(import.meta.dirname, '../..')
const dockerfile = join(root, 'deploy/Dockerfile')

/**
 * Builds the image as `deploy/Dockerfile` says, on a base that is made here under the very name that its `FROM` has: no image
 * is pulled.
 *
 * @param image  the name that it gets
 */
export function buildImage(podman: Podman, image: string): void {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-base-'))
  try {
    makeBase(podman, folder)
    // Root of the machine's own name spaces builds; what is built is run apart from them.
    const builder = ['--isolation', 'chroot', '--network', 'host', '--pull-never', '--layers=false']
    podman.run('build', ...builder, ...registry(folder), '--file', dockerfile, '--tag', image, root)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Debian's release without recommendations, and in it what Node's official image has: this Node, and the npm that is here. */
function makeBase(podman: Podman, folder: string): void {
  const [, name = '', release = ''] = /^FROM (\S+:\S+?-(\w+)-slim)/m.exec(readFileSync(dockerfile, 'utf8')) ?? []
  if (spawnSync('mmdebstrap', ['--version']).error !== undefined)
    assert.fail('mmdebstrap is missing. Install it: apt-get install mmdebstrap')
  const archive = join(folder, 'base.tar')
  const npm = join(realpathSync(execFileSync('sh', ['-c', 'command -v npm'], { encoding: 'utf8' }).trim()), '../..')
  const hooks = [
    'mkdir -p "$1/usr/local/lib/node_modules"',
    `cp "${process.execPath}" "$1/usr/local/bin/node"`,
    `cp -R "${npm}" "$1/usr/local/lib/node_modules/npm"`,
    'ln -s ../lib/node_modules/npm/bin/npm-cli.js "$1/usr/local/bin/npm"',
  ].map(hook => `--customize-hook=${hook}`)
  const left = ['doc', 'info', 'locale', 'man'].map(kind => `--dpkgopt=path-exclude=/usr/share/${kind}/*`)
  const contents = ['--variant=minbase', '--include=libatomic1,libstdc++6', ...left, ...hooks]
  const made = spawnSync('mmdebstrap', ['--mode=root', '--quiet', ...contents, release, archive], { encoding: 'utf8' })
  assert.equal(made.status, 0, made.stderr)
  const path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
  podman.run('import', '--change', `ENV ${path}`, archive, name)
}

/** npm in the build believes the certificates that npm here does, and asks the same registry. */
function registry(folder: string): readonly string[] {
  const setting = (name: string) => execFileSync('npm', ['config', 'get', name], { encoding: 'utf8' }).trim()
  const authorities = [setting('cafile'), process.env.NODE_EXTRA_CA_CERTS ?? ''].find(existsSync)
  const inside = '/run/registry.pem'
  const file = join(folder, 'npmrc')
  writeFileSync(file, `registry=${setting('registry')}\n${authorities === undefined ? '' : `cafile=${inside}\n`}`)
  return [
    '--volume',
    `${file}:/usr/local/etc/npmrc:ro`,
    ...(authorities === undefined ? [] : ['--volume', `${authorities}:${inside}:ro`]),
  ]
}
