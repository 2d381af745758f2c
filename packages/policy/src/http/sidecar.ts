import { createRequire } from 'node:module'
import type * as Undici from 'undici'
import type { PolicyEngine } from '../decision.ts'
import { type EngineOptions, policyEngine } from '../engine.ts'
import { PolicyFailure, type PolicySource } from '../source.ts'

/** Required where it is used: a process whose policy is embedded does without. */
const undici = (): typeof Undici => createRequire(import.meta.url)('undici')

export interface SidecarOptions {
  /** `unix:/path/to/socket`, `http://` on loopback, or `https://`. */
  readonly address: string
  /** How long a question may take in all. 1-60000, default 500. */
  readonly timeoutMs?: number
  /** Questions in flight at once; more wait within their time. Default 32. */
  readonly connections?: number
  /** If given, an answer of another revision is refused; else the revision is the one that OPA last reported. */
  readonly revision?: string
}

/** An answer larger than this is no decision. */
const MAX_ANSWER_BYTES = 65_536

/**
 * Asks a real OPA over its REST API (`POST /v1/data/…?provenance=true`).
 *
 * @throws TypeError for an address that others could answer in OPA's place: plain http is for loopback only
 */
export function sidecarSource(options: SidecarOptions): PolicySource & { close(): Promise<void> } {
  const pool = openPool(options)
  const timeoutMs = options.timeoutMs ?? 500
  let reported = 'unknown'
  return {
    get revision() {
      return options.revision ?? reported
    },
    async evaluate(entrypoint, inputJson) {
      const answer = await post(pool, entrypoint, inputJson, timeoutMs)
      const revisions = bundleRevisions(answer)
      if (options.revision !== undefined && !revisions.includes(options.revision)) {
        throw new PolicyFailure('policy_revision', `expected ${options.revision}, OPA serves ${revisions.join(', ')}`)
      }
      reported = revisions.join(' ') || 'unknown'
      return answer.result
    },
    close: () => pool.close(),
  }
}

/** An OPA sidecar as an engine. @param options.entrypoint  the decision rule's path, such as `orders/decision` */
export function opaSidecar(
  options: SidecarOptions & EngineOptions & { readonly entrypoint: string },
): PolicyEngine & { close(): Promise<void> } {
  const source = sidecarSource(options)
  const engine = policyEngine(source, options.entrypoint, options)
  return {
    get revision() {
      return engine.revision
    },
    decide: engine.decide,
    close: source.close,
  }
}

function openPool({ address, connections = 32, timeoutMs = 500 }: SidecarOptions): Undici.Pool {
  const { Pool } = undici()
  if (!Number.isSafeInteger(timeoutMs) || timeoutMs < 1 || timeoutMs > 60_000) {
    throw new TypeError(`timeoutMs must be 1-60000, got ${timeoutMs}`)
  }
  if (address.startsWith('unix:')) {
    const socketPath = address.slice('unix:'.length).replace(/^\/\/(?=\/)/, '')
    return new Pool('http://localhost', { connections, socketPath })
  }
  const url = new URL(address)
  const loopback = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname)
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && loopback)) {
    throw new TypeError(`OPA at ${address}: use unix:/path, https://, or http:// on loopback`)
  }
  if (url.pathname !== '/' || url.search !== '' || url.username !== '') {
    throw new TypeError(`OPA at ${address}: give the origin alone, such as http://127.0.0.1:8181`)
  }
  return new Pool(url.origin, { connections })
}

async function post(
  pool: Undici.Pool,
  entrypoint: string,
  inputJson: string,
  timeoutMs: number,
): Promise<Record<string, unknown>> {
  const signal = AbortSignal.timeout(timeoutMs)
  try {
    const response = await pool.request({
      method: 'POST',
      path: `/v1/data/${entrypoint}?provenance=true`,
      headers: { 'content-type': 'application/json' },
      body: `{"input":${inputJson}}`,
      signal,
    })
    let text = ''
    for await (const chunk of response.body.setEncoding('utf8')) {
      text += chunk
      if (text.length > MAX_ANSWER_BYTES) throw new PolicyFailure('policy_answer', 'OPA answered too much')
    }
    if (response.statusCode !== 200) throw new PolicyFailure('policy_error', `OPA answered ${response.statusCode}`)
    return parseAnswer(text)
  } catch (error) {
    if (error instanceof PolicyFailure) throw error
    if (signal.aborted) throw new PolicyFailure('policy_timeout', `OPA took over ${timeoutMs} ms`)
    throw new PolicyFailure('policy_unavailable', String(error))
  }
}

function parseAnswer(text: string): Record<string, unknown> {
  try {
    const answer: unknown = JSON.parse(text)
    if (typeof answer === 'object' && answer !== null) return { ...answer }
  } catch (error) {
    throw new PolicyFailure('policy_answer', `OPA answered no JSON: ${String(error)}`)
  }
  throw new PolicyFailure('policy_answer', 'OPA answered no object')
}

function bundleRevisions(answer: Record<string, unknown>): string[] {
  const { provenance } = answer
  if (typeof provenance !== 'object' || provenance === null || !('bundles' in provenance)) return []
  const { bundles } = provenance
  if (typeof bundles !== 'object' || bundles === null) return []
  const all: readonly unknown[] = Object.values(bundles)
  return all.flatMap(bundle =>
    typeof bundle === 'object' && bundle !== null && 'revision' in bundle && typeof bundle.revision === 'string'
      ? [bundle.revision]
      : [],
  )
}
