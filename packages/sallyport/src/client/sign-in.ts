import { randomBytes } from 'node:crypto'
import { s256 } from '@sallyport/credentials'
import { CommandFailure } from '../command-line/command.ts'
import { call } from './call.ts'
import { type PageForm, pageAlert, pageForms, pageHeading } from './page.ts'
import { type GotToken, requestToken } from './token-endpoint.ts'

export interface SignIn {
  readonly issuer: string
  /** A public native client with a loopback redirect (RFC 8252 §7.3). */
  readonly clientId: string
  readonly username: string
  readonly password: string
  readonly scope: string | undefined
  readonly resource: string | undefined
}

const pagesMax = 10

/**
 * Gets a token as a person does: authorization request, sign-in page, consent page, code, token request. The pages are the
 * real ones, and there is no way past them; only the redirect to loopback is caught instead of followed.
 *
 * @throws CommandFailure with what the page or the authority said
 */
export async function signIn(wanted: SignIn): Promise<GotToken> {
  const { parameters } = await askForCode(wanted)
  return requestToken(wanted.issuer, { clientId: wanted.clientId, kind: 'none' }, parameters)
}

/**
 * The same, up to the code: what a token request has to say to redeem it.
 *
 * @throws CommandFailure with what the page or the authority said
 */
export async function askForCode(
  wanted: SignIn,
): Promise<{ readonly parameters: Readonly<Record<string, string | undefined>> }> {
  const { issuer, clientId } = wanted
  const verifier = randomBytes(32).toString('base64url')
  const state = randomBytes(16).toString('base64url')
  const redirectUri = `http://127.0.0.1:${40_000 + (randomBytes(2).readUInt16BE() % 20_000)}/callback`
  const request = new URLSearchParams({
    response_type: 'code',
    client_id: clientId,
    redirect_uri: redirectUri,
    code_challenge: s256(verifier),
    code_challenge_method: 'S256',
    state,
    ...(wanted.scope === undefined ? {} : { scope: wanted.scope }),
    ...(wanted.resource === undefined ? {} : { resource: wanted.resource }),
  })
  const answered = await walk(`${issuer}/authorize?${request}`, redirectUri, wanted)
  const { searchParams } = answered
  const error = searchParams.get('error')
  if (error !== null) throw refused(error, searchParams.get('error_description') ?? undefined)
  if (searchParams.get('state') !== state || searchParams.get('iss') !== issuer) {
    throw refused('wrong_response', 'The answer is not to this request (state, iss).')
  }
  return {
    parameters: {
      grant_type: 'authorization_code',
      code: searchParams.get('code') ?? '',
      redirect_uri: redirectUri,
      code_verifier: verifier,
      resource: wanted.resource,
    },
  }
}

/** Goes from page to page until the redirect back to us. */
async function walk(start: string, redirectUri: string, wanted: SignIn): Promise<URL> {
  const cookies = new Map<string, string>()
  let next: { readonly url: string; readonly init: RequestInit } = { url: start, init: {} }
  for (let page = 0; page < pagesMax; page += 1) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const headers = { accept: 'text/html', ...(cookie === '' ? {} : { cookie }), ...next.init.headers }
    const answer = await call(next.url, { ...next.init, headers })
    for (const line of answer.headers.getSetCookie()) keepCookie(cookies, line)
    const location = answer.headers.get('location')
    if (location !== null) {
      await answer.arrayBuffer()
      const target = new URL(location, next.url)
      if (target.href.startsWith(`${redirectUri}?`)) return target
      if (target.origin !== new URL(wanted.issuer).origin)
        throw refused('wrong_redirect', `It leads to ${target.origin}.`)
      next = { url: target.href, init: {} }
      continue
    }
    next = fillIn(await answer.text(), next.url, wanted, answer.status)
  }
  throw refused('too_many_pages', 'The sign-in did not come to an end.')
}

function fillIn(html: string, url: string, wanted: SignIn, status: number) {
  const alert = pageAlert(html)
  if (alert !== undefined) throw refused('sign_in_refused', alert)
  const forms = pageForms(html)
  const login = forms.find(form => form.fields.has('username') && form.fields.has('password'))
  if (login !== undefined) return submit(login, url, { username: wanted.username, password: wanted.password })
  const consent = forms.find(form => form.buttons.some(({ name, value }) => name === 'answer' && value === 'allow'))
  if (consent !== undefined) return submit(consent, url, { answer: 'allow' })
  throw refused(`page_${status}`, pageHeading(html) || 'The page has no form to fill in.')
}

function submit(form: PageForm, url: string, answers: Readonly<Record<string, string>>) {
  const target = new URL(form.action, url)
  const body = new URLSearchParams(
    [...form.fields, ...Object.entries(answers)]
      .reduce((all, [name, value]) => all.set(name, value), new Map<string, string>())
      .entries()
      .toArray(),
  )
  const headers = { origin: target.origin, 'sec-fetch-site': 'same-origin' }
  return { url: target.href, init: { method: form.method, headers, body } }
}

function keepCookie(cookies: Map<string, string>, line: string): void {
  const [pair = '', ...attributes] = line.split(';')
  const equals = pair.indexOf('=')
  const name = pair.slice(0, equals).trim()
  const gone = attributes.some(attribute => /^\s*max-age=0\s*$/i.test(attribute))
  if (gone) cookies.delete(name)
  else cookies.set(name, pair.slice(equals + 1).trim())
}

function refused(code: string, hint: string | undefined): CommandFailure {
  return new CommandFailure({
    failed: 'refused',
    code,
    message: 'The sign-in was refused.',
    ...(hint === undefined ? {} : { hint }),
  })
}
