import { execFile } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { childEnvironment } from '../composition/child-environment.ts'

export interface LocalCertificate {
  readonly key: Buffer
  readonly cert: Buffer
}

const script = fileURLToPath(new URL('make.ts', import.meta.url))
const renewBeforeMs = 30 * 86_400_000
const makeMs = 20_000

/**
 * The gateway's certificate for localhost, 127.0.0.1 and ::1, and the CA that signed it. Made at first start, and again a
 * month before it ends. The CA is never installed anywhere: `curl --cacert .sallyport/tls/ca.pem` believes it.
 */
export async function localCertificate(folder: string, nowMs: number): Promise<LocalCertificate> {
  if (!isGood(join(folder, 'server.pem'), nowMs)) {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    await promisify(execFile)(process.execPath, [script, folder], { timeout: makeMs, env: childEnvironment() })
  }
  return { key: readFileSync(join(folder, 'server.key.pem')), cert: readFileSync(join(folder, 'server.pem')) }
}

function isGood(path: string, nowMs: number): boolean {
  return existsSync(path) && Date.parse(new X509Certificate(readFileSync(path)).validTo) - nowMs > renewBeforeMs
}
