import { randomBytes } from 'node:crypto'
import { s256 } from '@sallyport/credentials'
import { type Answer, callJson, refusedBy } from '../client/call.ts'
import { atOnce, type Use } from './at-once.ts'
import { type Contender, ready } from './contender.ts'
import { counted, type Raced, saying } from './contest.ts'

const kind = 'request_uri'

/** What is pushed, beside what every pushed request has. */
export interface Pushed {
  /** One of the client's. */
  readonly redirectUri: string
  readonly scope: string | undefined
  readonly resource: string | undefined
  /** Of a browser in which a user is signed in, as a `Cookie` header; without it nobody is, and no code comes. */
  readonly cookies?: string
}

/**
 * Pushes a request and opens its `request_uri` by all at once (RFC 9126 §4). §4 and §7.3 say that it SHOULD work once; when it
 * is used they leave open. Many servers call it used when they give the code, and take openings before that for a user who
 * reloads the page. So the openings are a race where a code comes, or where one more opening after them is refused.
 *
 * @throws CommandFailure with the server's own words when it takes no request
 */
export async function raceForRequestUri(contender: Contender, pushed: Pushed): Promise<Raced> {
  const { target, parallel } = contender
  const { pushedAuthorizationRequestEndpoint: endpoint, authorizationEndpoint } = target
  if (endpoint === undefined)
    return { kind, why: 'the metadata names no pushed_authorization_request_endpoint (RFC 9126 §5)' }
  if (authorizationEndpoint === undefined)
    return { kind, why: 'the metadata names no authorization_endpoint (RFC 8414 §2)' }
  const requestUri = await push(contender, endpoint, pushed)
  const headers = pushed.cookies === undefined ? {} : { cookie: pushed.cookies }
  const open: Use = to => {
    const url = new URL(to.authorizationEndpoint ?? authorizationEndpoint)
    url.searchParams.set('client_id', contender.proof.clientId)
    url.searchParams.set('request_uri', requestUri)
    return [url.href, { headers }]
  }
  const answers = await atOnce(
    target,
    Array.from({ length: parallel }, () => open),
  )
  const won = answers.filter(wentOn).length
  const hasCode = answers.some(answer => codeIn(answer, pushed.redirectUri))
  const [late] = hasCode ? [] : await atOnce(target, [open])
  const undecided = !hasCode && wentOn(late)
  return {
    kind,
    tried: parallel,
    won,
    right: !answers.includes(undefined) && (undecided || won === 1),
    ...(undecided ? { undecided: opensAgain } : {}),
    answers: counted(answers, answer =>
      saying(answer, errorIn(answer) ?? (codeIn(answer, pushed.redirectUri) ? 'code' : undefined)),
    ),
  }
}

const opensAgain =
  'opening does not use it up: once more after all of them the server went on again. ' +
  'With a signed-in user in SALLYPORT_SESSION_COOKIE the race is for its code.'

async function push(contender: Contender, endpoint: string, pushed: Pushed): Promise<string> {
  const { headers, body } = await ready(contender, {
    response_type: 'code',
    redirect_uri: pushed.redirectUri,
    scope: pushed.scope,
    resource: pushed.resource,
    state: randomBytes(16).toString('base64url'),
    code_challenge: s256(randomBytes(32).toString('base64url')),
    code_challenge_method: 'S256',
  })
  // A parameter of the request itself (RFC 9126 §2.1), however the client proves itself.
  body.set('client_id', contender.proof.clientId)
  const answer = await callJson(endpoint, { method: 'POST', headers, body })
  const { request_uri: requestUri } = answer.body
  if (typeof requestUri !== 'string') throw refusedBy(answer, 'The pushed authorization request')
  return requestUri
}

/** A page, or a redirect to one or back to the client, that is no error response (RFC 6749 §4.1.2.1). */
function wentOn(answer: Answer | undefined): boolean {
  if (answer === undefined || errorIn(answer) !== undefined) return false
  const { status, headers } = answer
  return (status >= 200 && status < 300) || (status >= 300 && status < 400 && headers.has('location'))
}

/** The error that a redirect has, to whatever address, or a page that is JSON. */
function errorIn({ headers, body }: Answer): string | undefined {
  if (typeof body.error === 'string') return body.error
  return redirectIn(headers)?.parameters.get('error') ?? undefined
}

function codeIn(answer: Answer | undefined, redirectUri: string): boolean {
  const redirect = answer === undefined ? undefined : redirectIn(answer.headers)
  return redirect?.to.startsWith(redirectUri) === true && redirect.parameters.has('code')
}

/** Where a redirect leads, and the parameters in its query and its fragment. */
function redirectIn(headers: Headers): { readonly to: string; readonly parameters: URLSearchParams } | undefined {
  const to = headers.get('location')
  if (to === null) return undefined
  const [address = '', fragment = ''] = to.split('#')
  return { to, parameters: new URLSearchParams(`${address.split('?')[1] ?? ''}&${fragment}`) }
}
