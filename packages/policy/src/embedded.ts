import { createHash } from 'node:crypto'
import { createRequire } from 'node:module'
import type * as OpaWasm from '@open-policy-agent/opa-wasm'
import { canonicalJson } from './canonical-json.ts'
import type { PolicyEngine } from './decision.ts'
import { type EngineOptions, policyEngine } from './engine.ts'
import { PolicyFailure, type PolicySource } from './source.ts'

/**
 * Required, not imported: its ES module leaves out `loadPolicySync`, which its types promise, and a process that decides
 * elsewhere need not carry it.
 */
const opaWasm = (): typeof OpaWasm => createRequire(import.meta.url)('@open-policy-agent/opa-wasm')

export interface EmbeddedOptions {
  /** The module that `opa build -t wasm` made; committed beside its Rego. */
  readonly wasm: Uint8Array
  /** What the Rego reads as `data`: static, versioned with the policy, loaded once. */
  readonly data?: object
  /** Defaults to a digest of the module and its data. */
  readonly revision?: string
}

/** Data may be larger than a question, but not without end. */
const DATA_LIMITS = { maxLength: 4_194_304, maxDepth: 64 }
/** 5 pages of 64 KiB to start with, 32 MiB at most: an evaluation that wants more traps, and is a denial. */
const MEMORY = { initial: 5, maximum: 512 }

/**
 * Evaluates in this thread, synchronously: one instance serves all, since no two evaluations interleave.
 *
 * @throws TypeError when the module or its data cannot be loaded, so at start and never at a question
 */
export async function embeddedSource(options: EmbeddedOptions): Promise<PolicySource> {
  const module = await WebAssembly.compile(new Uint8Array(options.wasm))
  const data = canonicalJson(options.data ?? {}, DATA_LIMITS)
  const revision = options.revision ?? `sha256:${createHash('sha256').update(options.wasm).update(data).digest('hex')}`
  let policy = instantiate(module, data)
  return {
    revision,
    evaluate(entrypoint, inputJson) {
      if (!Object.hasOwn(policy.entrypoints, entrypoint)) {
        throw new PolicyFailure('policy_error', `the module has no entrypoint ${entrypoint}`)
      }
      try {
        return onlyResult(policy.evaluate(jsonBuffer(inputJson), entrypoint))
      } catch (error) {
        // A trap may leave the instance's memory in any state: the next question gets a fresh one.
        policy = instantiate(module, data)
        throw new PolicyFailure('policy_error', String(error))
      }
    },
  }
}

/** The embedded engine. @param options.entrypoint  the decision rule's path, such as `orders/decision` */
export async function embeddedPolicy(
  options: EmbeddedOptions & EngineOptions & { readonly entrypoint: string },
): Promise<PolicyEngine> {
  return policyEngine(await embeddedSource(options), options.entrypoint, options)
}

function instantiate(module: WebAssembly.Module, data: string): OpaWasm.LoadedPolicy {
  const policy = opaWasm().loadPolicySync(module, { ...MEMORY })
  policy.setData(jsonBuffer(data))
  return policy
}

/** The module's set of results: empty when the rule is undefined for this input. */
function onlyResult(results: unknown): unknown {
  if (!Array.isArray(results) || results.length !== 1) return undefined
  const [first]: readonly unknown[] = results
  return typeof first === 'object' && first !== null && 'result' in first ? first.result : undefined
}

function jsonBuffer(json: string): ArrayBuffer {
  return new Uint8Array(new TextEncoder().encode(json)).buffer
}
