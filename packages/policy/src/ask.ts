import { canonicalJson } from './canonical-json.ts'
import type { PolicyInput } from './decision.ts'
import { PolicyFailure, type PolicySource } from './source.ts'

/** One rule of one source, and how its answer is read. */
export interface Question<Answer> {
  readonly source: PolicySource
  readonly entrypoint: string
  /** The answer in its type, or `undefined` when it is anything else. */
  read(raw: unknown): Answer | undefined
  /** The answer when there is none. */
  refuse(failure: PolicyFailure): Answer
}

/** Asks, reads strictly and never throws: whatever is not a clean answer is `refuse`'s. Synchronous if the source is. */
export function ask<Answer>(question: Question<Answer>, input: PolicyInput): Answer | Promise<Answer> {
  try {
    const raw = question.source.evaluate(question.entrypoint, inputText(input))
    return raw instanceof Promise
      ? raw.then(answer => readAnswer(question, answer)).catch(error => question.refuse(asFailure(error)))
      : readAnswer(question, raw)
  } catch (error) {
    return question.refuse(asFailure(error))
  }
}

function inputText(input: PolicyInput): string {
  try {
    return canonicalJson(input)
  } catch (error) {
    throw new PolicyFailure('policy_input', String(error))
  }
}

function readAnswer<Answer>(question: Question<Answer>, raw: unknown): Answer {
  const answer = question.read(raw)
  if (answer !== undefined) return answer
  throw new PolicyFailure('policy_answer', `${question.entrypoint} answered ${describe(raw)}`)
}

function describe(raw: unknown): string {
  return raw === undefined ? 'nothing' : JSON.stringify(raw).slice(0, 200)
}

function asFailure(error: unknown): PolicyFailure {
  return error instanceof PolicyFailure ? error : new PolicyFailure('policy_error', String(error))
}
