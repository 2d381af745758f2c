/**
 * Calls our own back end. Every call carries the header that only this page can send; the cookie goes along by itself and this
 * script cannot read it. There is no token here to lose.
 */
export async function call(path, { method = 'GET', body } = {}) {
  const headers = { 'sallyport-csrf': '1', accept: 'application/json' }
  if (body !== undefined) headers['content-type'] = 'application/json'
  const response = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) })
  return outcome(response)
}

/** The plain facts of an answer, whoever gave it. */
export async function outcome(response) {
  const body = parse(await response.text())
  return {
    ok: response.ok,
    status: response.status,
    body,
    challenge: response.headers.get('www-authenticate') ?? '',
    requestId: body.request_id ?? response.headers.get('x-request-id') ?? '',
    sessionEnded: response.headers.get('sallyport-session') === 'ended' || body.reason === 'signed_out',
  }
}

/**
 * Where the user signs in, for the usual scopes or, after a refusal, with what its challenge asks for (RFC 9470 §4, RFC 6750 §3.1).
 *
 * @param returnTo  path of ours to come back to
 */
export function signInAddress(returnTo, { challenge = '', held = [] } = {}) {
  const wish = new URLSearchParams({ return_to: returnTo })
  for (const name of ['acr_values', 'max_age']) {
    const value = parameter(challenge, name)
    if (value !== undefined) wish.set(name, value)
  }
  const needed = parameter(challenge, 'scope')?.split(' ') ?? []
  if (held.length > 0) wish.set('scope', [...new Set([...held, ...needed])].join(' '))
  return `/bff/login?${wish}`
}

const parameter = (challenge, name) => challenge.match(new RegExp(`(?:^|[ ,])${name}="([^"]*)"`))?.[1]

function parse(text) {
  try {
    return JSON.parse(text)
  } catch {
    return { detail: text.slice(0, 200) }
  }
}
