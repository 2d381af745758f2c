import type { AuthorizationError } from '../authorization-error.ts'
import type { Prompt } from '../authorization-request.ts'

const prompts: readonly string[] = ['none', 'login', 'consent', 'select_account'] satisfies Prompt[]

/** Reads `prompt`: a list of known values, with `none` standing alone (OpenID Connect Core §3.1.2.1). */
export function judgePrompt(sent: string | undefined): { readonly prompt: readonly Prompt[] } | AuthorizationError {
  const values = sent?.split(' ').filter(value => value !== '') ?? []
  const unknown = values.find(value => !isPrompt(value))
  if (unknown !== undefined)
    return refuse(
      'prompt_unknown',
      unknown.slice(0, 40),
      'prompt is a list of none, login, consent and select_account.',
    )
  const prompt = values.filter(isPrompt)
  if (prompt.includes('none') && prompt.length > 1)
    return refuse('prompt_conflict', prompt.join(' '), 'prompt=none cannot be combined with another value.')
  return { prompt: [...new Set(prompt)] }
}

const isPrompt = (value: string): value is Prompt => prompts.includes(value)

function refuse(reason: string, got: string, hint: string): AuthorizationError {
  return {
    error: 'invalid_request',
    reason,
    rule: 'OpenID Connect Core §3.1.2.1',
    expected: prompts.join(' '),
    got,
    hint,
  }
}
