import type { AuthenticationResponseJSON, RegistrationResponseJSON } from '@simplewebauthn/server'

const maxCharacters = 32_768
const transportForm = /^[a-z-]{1,20}$/
const base64url = /^[A-Za-z0-9_-]{1,8192}$/

/** An assertion as a page sends it, its shape proven (WebAuthn L3 §5.1.9.2 `AuthenticationResponseJSON`); unverified. */
export interface ReadAssertion {
  readonly json: AuthenticationResponseJSON
  readonly challenge: string
  readonly userHandle: string | undefined
}

export interface ReadAttestation {
  readonly json: RegistrationResponseJSON
  readonly challenge: string
  readonly transports: readonly string[]
}

export function readAssertion(sent: string): ReadAssertion | undefined {
  const envelope = readEnvelope(sent)
  if (envelope === undefined) return undefined
  const { id, response, challenge } = envelope
  const { clientDataJSON, authenticatorData, signature, userHandle } = response
  if (!isBase64url(clientDataJSON) || !isBase64url(authenticatorData) || !isBase64url(signature)) return undefined
  const handle = isBase64url(userHandle) ? userHandle : undefined
  return {
    json: {
      id,
      rawId: id,
      type: 'public-key',
      clientExtensionResults: {},
      response: { clientDataJSON, authenticatorData, signature, ...(handle !== undefined && { userHandle: handle }) },
    },
    challenge,
    userHandle: handle === undefined ? undefined : Buffer.from(handle, 'base64url').toString('utf8'),
  }
}

export function readAttestation(sent: string): ReadAttestation | undefined {
  const envelope = readEnvelope(sent)
  if (envelope === undefined) return undefined
  const { id, response, challenge } = envelope
  const { clientDataJSON, attestationObject, transports } = response
  if (!isBase64url(clientDataJSON) || !isBase64url(attestationObject)) return undefined
  const known = Array.isArray(transports) ? transports.filter(isTransport).slice(0, 8) : []
  return {
    json: {
      id,
      rawId: id,
      type: 'public-key',
      clientExtensionResults: {},
      response: { clientDataJSON, attestationObject },
    },
    challenge,
    transports: known,
  }
}

interface Envelope {
  readonly id: string
  readonly response: Readonly<Record<string, unknown>>
  readonly challenge: string
}

function readEnvelope(sent: string): Envelope | undefined {
  const value = sent.length > maxCharacters ? undefined : parse(sent)
  if (!isObject(value) || !isBase64url(value.id) || value.type !== 'public-key') return undefined
  const { response } = value
  if (!isObject(response) || !isBase64url(response.clientDataJSON)) return undefined
  const client = parse(Buffer.from(response.clientDataJSON, 'base64url').toString('utf8'))
  const challenge = isObject(client) ? client.challenge : undefined
  return isBase64url(challenge) ? { id: value.id, response, challenge } : undefined
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

const isBase64url = (value: unknown): value is string => typeof value === 'string' && base64url.test(value)

const isTransport = (value: unknown): value is string => typeof value === 'string' && transportForm.test(value)

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
