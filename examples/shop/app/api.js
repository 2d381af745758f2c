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
  const text = await response.text()
  return {
    ok: response.ok,
    status: response.status,
    body: parse(text),
    challenge: response.headers.get('www-authenticate') ?? '',
    requestId: response.headers.get('x-request-id') ?? '',
    sessionEnded:
      response.headers.get('sallyport-session') === 'ended' ||
      (response.status === 401 && parse(text).reason === 'signed_out'),
  }
}

/** Where the user signs in again when an API asks for more (RFC 9470 §4, RFC 6750 §3.1). */
export function signInAgain(challenge, scope) {
  const wish = new URLSearchParams({ return_to: location.pathname })
  for (const name of ['acr_values', 'max_age']) {
    const value = challenge.match(new RegExp(`${name}="([^"]*)"`))?.[1]
    if (value !== undefined) wish.set(name, value)
  }
  wish.set('scope', [...scope].join(' '))
  return `/bff/login?${wish}`
}

function parse(text) {
  try {
    return JSON.parse(text)
  } catch {
    return { detail: text.slice(0, 200) }
  }
}
