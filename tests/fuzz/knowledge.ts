import { accessTokenHash } from '@sallyport/credentials'
import fc from 'fast-check'
import type { RunningSystem } from '../system.ts'
import { type Documents, described } from './described-operations.ts'
import { type Material, proofFor } from './material.ts'
import { pageAddresses } from './page-addresses.ts'
import { protocolAddresses } from './protocol-addresses.ts'
import type { Fields, Knowledge, Known } from './request-inputs.ts'
import type { ListenerName, ServedAddress } from './served-routes.ts'

const nothing: Known = {}

/**
 * What a nearly right request to an address looks like; `undefined` when nobody told, which is a mistake: an address that
 * is served is fuzzed with knowledge of it.
 */
export function knowledgeOf(
  address: ServedAddress,
  material: Material,
  system: RunningSystem,
  documents: Documents,
): Knowledge | undefined {
  const { listener, url, methods } = address
  const known =
    described(address, documents, material) ??
    told(listener, material, system)[url] ??
    (isFile(url) ? nothing : undefined)
  if (known === undefined) return undefined
  const shown = methods.filter(method => method !== 'HEAD')
  return { url, methods: shown, query: {}, path: {}, body: undefined, headers: {}, ...known }
}

const isFile = (url: string): boolean => /\.(?:css|js|svg|json)$/.test(url)

function told(listener: ListenerName, material: Material, system: RunningSystem): Readonly<Record<string, Known>> {
  const shared: Readonly<Record<string, Known>> = {
    '/livez': nothing,
    '/readyz': nothing,
    '/metrics': nothing,
    '/': nothing,
  }
  switch (listener) {
    case 'authority':
      return { ...shared, ...protocolAddresses(material, system), ...pageAddresses(material) }
    case 'app':
      return { ...shared, ...backEnd(material, system) }
    case 'gateway':
      return { ...shared, ...edge(material, system) }
    case 'ordersApi':
      return { ...shared, '/.well-known/oauth-protected-resource': nothing }
  }
}

const bearer = (...tokens: readonly string[]): readonly string[] => tokens.map(token => `Bearer ${token}`)

function backEnd(material: Material, { app, issuer }: RunningSystem): Readonly<Record<string, Known>> {
  const headers: Fields = {
    cookie: [material.cookie],
    'sallyport-csrf': ['1'],
    origin: [app],
    'sec-fetch-site': ['same-origin'],
    accept: ['application/json'],
  }
  const order = { json: fc.record({ item: fc.string(), quantity: fc.nat(), unit_price_cents: fc.nat() }) }
  return {
    '/bff/login': {
      query: {
        return_to: ['/orders/1'],
        acr_values: ['x'],
        max_age: ['0'],
        prompt: ['none'],
        scope: ['read:orders'],
        login_hint: ['alice'],
      },
    },
    '/bff/callback': {
      query: { code: [material.code], state: [material.state], iss: [issuer], error: ['access_denied'] },
      headers,
    },
    '/bff/session': { headers },
    '/bff/logout': { headers, body: { forms: [{}] } },
    '/api/orders': { methods: ['GET', 'POST'], headers, query: { limit: ['1'], cursor: ['x'] }, body: order },
    '/api/orders/*': { headers, path: { '*': ['alice-1', 'bob-1', 'batch-read', 'alice-1/cancel'] }, body: order },
    '/demo/log/:requestId': { headers, path: { ':requestId': ['0'.repeat(24)] } },
    '/settings.json': { headers },
    '/demo/replay': { headers, body: { json: fc.constant({}) } },
    '/demo/revoke': { headers, body: { json: fc.constant({}) } },
  }
}

function edge(material: Material, { gateway }: RunningSystem): Readonly<Record<string, Known>> {
  const { tokens } = material
  const proof = proofFor(material, 'GET', `${gateway}/orders`, accessTokenHash(tokens.bound))
  return {
    '/*': {
      methods: ['GET', 'POST', 'PATCH', 'DELETE', 'OPTIONS'],
      path: {
        '*': [
          'orders',
          'orders/alice-1',
          'orders/batch-read',
          'orders/openapi.json',
          'orders/alice-1/refund',
          'metrics',
        ],
      },
      query: { limit: ['1', '100'] },
      headers: { authorization: [...bearer(tokens.outside, tokens.inside), `DPoP ${tokens.bound}`], dpop: [proof] },
      body: { json: fc.record({ ids: fc.array(fc.constantFrom('alice-1', 'bob-1')) }) },
    },
    '/.well-known/oauth-protected-resource/orders': nothing,
  }
}
