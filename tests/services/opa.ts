import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../free-ports.ts'
import { ownProcess } from '../own-process.ts'

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
  const opa = ownProcess(opaCommand(), ['run', ...flags], { folder: home })
  const http = `http://127.0.0.1:${port}`
  await opa.until(() => isWell(http), 'it says that it is well')
  return { unix: `unix:${socket}`, http, stop: () => opa.stop() }
}

function isWell(at: string): Promise<boolean> {
  return fetch(`${at}/health`, { signal: AbortSignal.timeout(2_000) }).then(
    response => response.ok,
    () => false,
  )
}
