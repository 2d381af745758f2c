import type { Material } from './material.ts'
import type { Fields, Known } from './request-inputs.ts'

/** Credentials of a passkey as a browser would send them, for nobody's passkey. */
const credential = JSON.stringify({
  id: 'AAAA',
  rawId: 'AAAA',
  type: 'public-key',
  response: {
    clientDataJSON: 'e30',
    authenticatorData: 'AAAA',
    signature: 'AAAA',
    attestationObject: 'oA',
    userHandle: 'AA',
  },
  clientExtensionResults: {},
})

/** The authority's pages and their forms. */
export function pageAddresses(material: Material): Readonly<Record<string, Known>> {
  const { formToken, login, consent, cookie } = material
  const form = (fields: Fields): Known => ({
    body: { forms: [{ form_token: [formToken], login: [login], ...fields }] },
    query: { login: [login] },
    headers: { cookie: [cookie], 'sec-fetch-site': ['same-origin'], accept: ['text/html'] },
  })
  // Guesses at an account make its owner wait, so they are at nobody's.
  const guess: Fields = { username: ['nobody', 'x'] }
  return {
    '/account': form({ done: ['session'] }),
    '/account/apps/remove': form({ grant: ['x'], client_id: ['web-app'] }),
    '/account/passkeys': form({ credential: [credential], name: ['Key'] }),
    '/account/passkeys/new': form({}),
    '/account/passkeys/options': form({}),
    '/account/passkeys/remove': form({ passkey: ['x'] }),
    '/account/password': form({ password: ['short'] }),
    '/account/recovery-codes': form({}),
    '/account/sessions/end': form({ session: ['x'] }),
    '/account/sessions/end-others': form({}),
    '/consent': form({ answer: ['allow', 'deny'], login: [consent, login] }),
    '/set-up': form({ code: ['sp_x'] }),
    '/set-up/passkey': form({ code: ['sp_x'], credential: [credential] }),
    '/set-up/passkey/options': form({ code: ['sp_x'] }),
    '/set-up/password': form({ code: ['sp_x'], password: ['long enough to be one'] }),
    '/sign-in': form({ ...guess, password: ['wrong'] }),
    '/sign-in/cancel': form({}),
    '/sign-in/passkey': form({ credential: [credential] }),
    '/sign-in/passkey/options': form({}),
    '/sign-in/recovery': form({ ...guess, code: ['aaaa-bbbb'] }),
    '/sign-in/select': form({}),
    '/sign-in/switch': form({}),
    '/sign-in/without-passkey': form({}),
  }
}
