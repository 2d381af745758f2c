import type { Form } from '@sallyport/server'
import type { AuthorizationError } from './authorization-error.ts'
import { isAuthorizationError } from './authorization-error.ts'
import type { AuthorizationRequest, ResponseMode } from './authorization-request.ts'
import type { Client } from './client.ts'
import { findClient } from './clients.ts'
import type { AuthorityContext } from './context.ts'
import { judgeIdTokenHint } from './id-token-hint.ts'
import { requestedContext } from './rules/authentication-context.ts'
import { claimScopes } from './rules/claim-scopes.ts'
import { judgeClaimsParameter } from './rules/claims-parameter.ts'
import { judgeCodeChallenge } from './rules/code-challenge.ts'
import { judgeDpopJkt } from './rules/dpop-jkt.ts'
import { judgeMaxAge } from './rules/max-age.ts'
import { judgePrompt } from './rules/prompt.ts'
import { judgeRedirectUri } from './rules/redirect-uri.ts'
import { judgeResponseMode } from './rules/response-mode.ts'
import { judgeResponseType } from './rules/response-type.ts'
import { resolveScopes } from './rules/scope.ts'
import { isTokenError } from './token-error.ts'

/** Where an error may be sent: known once client and redirect URI were judged. */
export interface ErrorTarget {
  readonly redirect_uri: string
  readonly response_mode: ResponseMode
  readonly state?: string
}

/** Shown to the person on a page of ours; nobody is redirected (OAuth 2.1 §4.1.2.1). */
export interface PageRefusal {
  readonly reason: string
  readonly rule?: string
  readonly expected?: string
  readonly got?: string
  readonly hint: string
  readonly client?: Client
}

export type JudgedRequest =
  | { readonly request: AuthorizationRequest; readonly client: Client }
  | { readonly error: AuthorizationError; readonly target: ErrorTarget; readonly client: Client }
  | { readonly page: PageRefusal }

/**
 * Judges an authorization request: first what decides whether anybody may be redirected (client, redirect URI), then the
 * rest, whose errors go to the client. The order is that of OAuth 2.1 §4.1.2.1.
 *
 * @param form  the parameters, of the query or of a POST's body alike (OpenID Connect Core §3.1.2.1)
 */
export async function judgeAuthorizationRequest(form: Form, context: AuthorityContext): Promise<JudgedRequest> {
  const { fields } = form
  const client = await judgeClient(form, context)
  if ('reason' in client) return { page: client }
  if (form.repeated.includes('redirect_uri')) return { page: { ...repeatedParameter('redirect_uri'), client } }
  const openid = fields.get('scope')?.split(' ').includes('openid') ?? false
  const redirect = judgeRedirectUri(fields.get('redirect_uri'), client, context.issuer, openid)
  if ('refused' in redirect) {
    const { refused, rule = '', expected = '', got = '', hint = '' } = redirect
    return { page: { reason: refused, rule, expected, got, hint, client } }
  }
  const mode = judgeResponseMode(fields.get('response_mode'))
  const target: ErrorTarget = {
    redirect_uri: redirect.redirectUri,
    response_mode: isAuthorizationError(mode) ? 'query' : mode.response_mode,
    ...optional('state', fields.get('state')),
  }
  const judged = isAuthorizationError(mode) ? mode : await judgeParameters(form, target, client, context)
  return isAuthorizationError(judged) ? { error: judged, target, client } : { request: judged, client }
}

async function judgeClient(form: Form, context: AuthorityContext): Promise<Client | PageRefusal> {
  if (form.repeated.includes('client_id')) return repeatedParameter('client_id')
  const clientId = form.fields.get('client_id')
  if (clientId === undefined) {
    return {
      reason: 'client_missing',
      rule: 'OAuth 2.1 §4.1.1',
      expected: 'client_id',
      got: 'none',
      hint: 'The application sent no client_id.',
    }
  }
  const client = await findClient(context, clientId)
  if (client === undefined || client.disabled) {
    const reason = client === undefined ? 'client_unknown' : 'client_disabled'
    return {
      reason,
      rule: 'OAuth 2.1 §4.1.2.1',
      expected: 'a registered client_id',
      got: clientId.slice(0, 100),
      hint:
        client === undefined
          ? 'No application is registered with this client_id.'
          : 'This application was switched off by an administrator.',
    }
  }
  return client
}

async function judgeParameters(
  form: Form,
  target: ErrorTarget,
  client: Client,
  context: AuthorityContext,
): Promise<AuthorizationRequest | AuthorizationError> {
  const { fields } = form
  const refused = judgeUnsupported(form) ?? judgeResponseType(fields.get('response_type')) ?? judgeGrantType(client)
  if (refused !== undefined) return refused
  const pkce = judgeCodeChallenge(fields.get('code_challenge'), fields.get('code_challenge_method'))
  if (isAuthorizationError(pkce)) return pkce
  const prompt = judgePrompt(fields.get('prompt'))
  if (isAuthorizationError(prompt)) return prompt
  const maxAge = judgeMaxAge(fields.get('max_age'))
  if (isAuthorizationError(maxAge)) return maxAge
  const jkt = judgeDpopJkt(fields.get('dpop_jkt'))
  if (isAuthorizationError(jkt)) return jkt
  const claims = judgeClaimsParameter(fields.get('claims'))
  if (isAuthorizationError(claims)) return claims
  const acr = requestedContext(fields.get('acr_values'), claims.acr)
  const hint = await judgeIdTokenHint(fields.get('id_token_hint'), client.client_id, context)
  if (isAuthorizationError(hint)) return hint
  const resources = form.values.get('resource') ?? []
  const asked = claimScopes(fields.get('scope'), claims.claims, client)
  const scopes = await resolveScopes(context, { client, scope: asked.scope, resources, user: true })
  if (isTokenError(scopes)) return asAuthorizationError(scopes)
  return {
    client_id: client.client_id,
    ...target,
    ...optional('nonce', fields.get('nonce')),
    scope: scopes.scope,
    resources: scopes.resources.map(({ resource }) => resource),
    scopesByResource: scopes.byResource,
    ...pkce,
    ...prompt,
    ...maxAge,
    ...optional('login_hint', fields.get('login_hint')?.slice(0, 256)),
    ...optional('subject', hint.subject ?? claims.subject),
    ...acr,
    ...(asked.claims !== undefined && { claims: asked.claims }),
    ...jkt,
  }
}

/** Parameters sent twice, and request objects, which are not supported (Core §3.1.2.6, §6). Only `resource` may repeat (RFC 8707 §2). */
function judgeUnsupported(form: Form): AuthorizationError | undefined {
  const repeated = form.repeated.find(name => name !== 'resource')
  if (repeated !== undefined) return { error: 'invalid_request', ...repeatedParameter(repeated) }
  if (form.fields.has('request')) return notSupported('request')
  if (form.fields.has('request_uri')) return notSupported('request_uri')
  if (form.fields.has('registration')) return notSupported('registration')
  return undefined
}

function notSupported(parameter: 'request' | 'request_uri' | 'registration'): AuthorizationError {
  return {
    error: `${parameter}_not_supported`,
    reason: `${parameter}_not_supported`,
    rule: 'OpenID Connect Core §3.1.2.6',
    hint: `The parameter ${parameter} is not supported here; send plain parameters.`,
  }
}

function judgeGrantType(client: Client): AuthorizationError | undefined {
  if (client.grant_types.includes('authorization_code')) return undefined
  return {
    error: 'unauthorized_client',
    reason: 'grant_type_not_allowed',
    rule: 'OAuth 2.1 §4.1.2.1',
    expected: 'authorization_code among the client’s grant types',
    got: client.grant_types.join(' '),
    hint: 'This client may not use the authorization code grant; an administrator lists it for the client.',
  }
}

function repeatedParameter(name: string): Omit<AuthorizationError, 'error'> {
  return {
    reason: 'parameter_repeated',
    rule: 'OAuth 2.1 §3.1',
    expected: 'each parameter once',
    got: `${name.slice(0, 80)} more than once`,
    hint: `Send each parameter once; ${printable(name)} came more than once.`,
  }
}

function asAuthorizationError(error: { error: string; reason: string; hint: string }): AuthorizationError {
  return { ...error, error: error.error === 'invalid_target' ? 'invalid_target' : 'invalid_scope' }
}

/** What may stand in an `error_description` (RFC 6749 §4.1.2.1). */
const printable = (text: string): string => text.slice(0, 80).replace(/[^\x20\x21\x23-\x5b\x5d-\x7e]/g, '?')

function optional<K extends string>(name: K, value: string | undefined): { readonly [name in K]?: string } {
  return value === undefined ? {} : ({ [name]: value } as { readonly [name in K]?: string })
}
