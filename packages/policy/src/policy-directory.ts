import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { EmbeddedOptions } from './embedded.ts'

/** OPA's own bundle manifest (`.manifest`), with what we record about the compiled module in its free `metadata`. */
export interface PolicyManifest {
  /** {@link policyRevision}: OPA reports it with each answer, and both engines write it into the decision log. */
  readonly revision: string
  readonly roots: readonly string[]
  readonly rego_version: 1
  readonly metadata: {
    /** Version of OPA that compiled the module: builds are byte-identical for one version. */
    readonly opa: string
    readonly entrypoints: readonly string[]
    readonly wasm_sha256: string
  }
}

/**
 * Reads a policy's directory: its `.manifest`, its `data.json` if it has one, and its module `<name>.wasm`. The same
 * directory is what `opa run --server -b <directory>` serves.
 *
 * @throws Error when a file is missing, or when text, data or module are not those that the manifest records; the
 *   message says which and what to run
 */
export async function readPolicyDirectory(
  directory: string,
): Promise<Required<EmbeddedOptions> & { readonly entrypoints: readonly string[] }> {
  const manifest: PolicyManifest = JSON.parse(await readFile(join(directory, '.manifest'), 'utf8'))
  const wasm = await readFile(join(directory, `${basename(directory)}.wasm`))
  const revision = await policyRevision(directory)
  if (revision !== manifest.revision) throw new Error(stale(directory, 'its Rego or data changed after it was built'))
  if (sha256(wasm) !== manifest.metadata.wasm_sha256) {
    throw new Error(stale(directory, 'its module is not the one that was built'))
  }
  const data: object = JSON.parse(await readFile(join(directory, 'data.json'), 'utf8'))
  return { wasm, data, revision, entrypoints: manifest.metadata.entrypoints }
}

/** Digest of the policy's text and data: what a module is compiled from. Tests live elsewhere and do not count. */
export async function policyRevision(directory: string): Promise<string> {
  const names = (await readdir(directory)).filter(name => name.endsWith('.rego') || name === 'data.json').sort()
  const digest = createHash('sha256')
  for (const name of names) digest.update(`${name} ${sha256(await readFile(join(directory, name)))}\n`)
  return `sha256:${digest.digest('hex')}`
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

function stale(directory: string, cause: string): string {
  return `the policy in ${directory} cannot be trusted: ${cause}. Run npm run policy:build and commit the result.`
}
