/**
 * Compiles each policy's Rego to WebAssembly and records in its `.manifest` what was compiled: `npm run policy:build`.
 * With `--check` nothing is written, and any difference from what is committed is an error.
 *
 * Needs OPA on PATH or in $SALLYPORT_OPA: `go install github.com/open-policy-agent/opa@v1.22.2`.
 */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type PolicyManifest, policyRevision } from '@sallyport/policy'

const OPA_VERSION = '1.22.2'
const POLICIES = {
  owner: ['owner/decision'],
  orders: ['orders/decision', 'orders/filter'],
}

const root = join(import.meta.dirname, '..')
const check = process.argv.includes('--check')
const stale: string[] = []

requireVersion()
opa(['check', '--strict', '--capabilities', 'policies/capabilities.json', ...Object.keys(POLICIES).map(directoryOf)])
for (const [name, entrypoints] of Object.entries(POLICIES)) {
  const wasm = compile(name, entrypoints)
  const manifest: PolicyManifest = {
    revision: await policyRevision(join(root, directoryOf(name))),
    roots: [name],
    rego_version: 1,
    metadata: { opa: OPA_VERSION, entrypoints, wasm_sha256: createHash('sha256').update(wasm).digest('hex') },
  }
  keep(join(root, directoryOf(name), `${name}.wasm`), wasm)
  keep(join(root, directoryOf(name), '.manifest'), Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`))
}
if (stale.length > 0) {
  console.error(`Not what the Rego compiles to: ${stale.join(', ')}. Run npm run policy:build and commit the result.`)
  process.exitCode = 1
}

function directoryOf(name: string): string {
  return `policies/${name}`
}

function compile(name: string, entrypoints: readonly string[]): Buffer {
  const workshop = mkdtempSync(join(tmpdir(), 'policy-build-'))
  try {
    const bundle = join(workshop, 'bundle.tar.gz')
    const wanted = entrypoints.flatMap(entrypoint => ['-e', entrypoint])
    const capabilities = ['--capabilities', 'policies/capabilities.json']
    const rego = globSync(`${directoryOf(name)}/*.rego`, { cwd: root }).sort()
    opa(['build', '-t', 'wasm', ...capabilities, ...wanted, '-o', bundle, ...rego])
    execFileSync('tar', ['xzf', bundle, '-C', workshop, '/policy.wasm'], { stdio: ['ignore', 'ignore', 'ignore'] })
    return readFileSync(join(workshop, 'policy.wasm'))
  } finally {
    rmSync(workshop, { recursive: true })
  }
}

function keep(path: string, content: Buffer): void {
  if (check) {
    if (!readFileSync(path).equals(content)) stale.push(path)
  } else {
    writeFileSync(path, content)
  }
}

function requireVersion(): void {
  const found = opa(['version']).match(/^Version: (\S+)/)?.[1]
  if (found !== OPA_VERSION) throw new Error(`policies are built with OPA ${OPA_VERSION}, found ${found}`)
}

function opa(args: readonly string[]): string {
  try {
    return execFileSync(process.env.SALLYPORT_OPA ?? 'opa', args, { cwd: root, encoding: 'utf8' })
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    throw missing ? new Error(`OPA ${OPA_VERSION} is not on PATH and $SALLYPORT_OPA is not set`) : error
  }
}
