import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { eventually } from '../eventually.ts'
import { freePort } from '../free-ports.ts'

/** Where OPA is: $SALLYPORT_OPA, or `opa` on PATH. A test that needs it fails by name when it is not there. */
export function opaCommand(): string {
  const command = process.env.SALLYPORT_OPA ?? 'opa'
  try {
    execFileSync(command, ['version'])
    return command
  } catch {
    assert.fail(`OPA is missing: ${command}. Install it: go install github.com/open-policy-agent/opa@v1.22.2`)
  }
}

/** A real OPA that serves one policy directory on a unix socket and on a loopback port, until `stop`. */
export async function startOpa(policyDirectory: string) {
  const home = mkdtempSync(join(tmpdir(), 'opa-'))
  const port = await freePort()
  const socket = join(home, 'opa.sock')
  const addresses = ['--addr', `unix://${socket}`, '--addr', `127.0.0.1:${port}`]
  const flags = ['--server', '--disable-telemetry', '--log-level', 'error', ...addresses, '-b', policyDirectory]
  const child = spawn(opaCommand(), ['run', ...flags], { stdio: ['ignore', 'ignore', 'pipe'] })
  const errors: string[] = []
  createInterface({ input: child.stderr }).on('line', line => errors.push(line))
  await answering(`http://127.0.0.1:${port}/health`, () => {
    assert.equal(child.exitCode, null, `OPA ended: ${errors.join('\n')}`)
  })
  return {
    unix: `unix:${socket}`,
    http: `http://127.0.0.1:${port}`,
    async stop() {
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      await ended
      rmSync(home, { recursive: true })
    },
  }
}

function answering(url: string, stillAlive: () => void): Promise<void> {
  return eventually(async () => {
    stillAlive()
    return fetch(url).then(
      response => response.ok,
      () => false,
    )
  }, `OPA answers at ${url}`)
}
