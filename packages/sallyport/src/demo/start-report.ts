import type { System } from '../composition/system.ts'

export interface StartReport {
  readonly text: string
  readonly data: Readonly<Record<string, unknown>>
}

const about: Readonly<Record<string, string>> = {
  shop: 'browser app, holds no tokens',
  gateway: 'door one, before /orders',
  'gateway-tls': 'the same with TLS, by a local CA',
  'orders-api': 'the service itself, door two',
  authority: 'sign-in, discovery, JWKS',
}

/** What a start says when it is ready: where everything is, and what to try. Only what runs is named. */
export function startReport(options: {
  readonly version: string
  readonly seconds: number
  readonly folder: string
  readonly configuration: string | undefined
  readonly system: System
  readonly demo: boolean
}): StartReport {
  const { version, folder, system, demo } = options
  const { parts, addresses } = system
  const names = Object.keys(about).filter(name => parts[name] !== undefined)
  const column = (name: string) => `  ${name.padEnd(11)} ${(parts[name] ?? '').padEnd(23)} ${about[name]}`
  const configuration = options.configuration === undefined ? '' : `  configuration ${options.configuration}`
  const mode = demo ? '  demo' : ''
  const head = `Sallyport ${version}${mode}  ready in ${options.seconds.toFixed(1)} s  data ${folder}${configuration}`
  const lines = [head, ...names.map(column), ...(demo ? [users, ...tries(parts)] : []), '']
  const data = {
    ready: true,
    version,
    seconds: Number(options.seconds.toFixed(2)),
    data: folder,
    issuer: addresses.issuer,
    addresses: parts,
  }
  return { text: lines.join('\n'), data }
}

const users = '  users       alice, bob, carol (support); passwords: npx sallyport demo show'

function tries(parts: Readonly<Record<string, string>>): readonly string[] {
  const gateway = parts.gateway?.replace('http://', '')
  if (gateway === undefined) return []
  return [
    'Try',
    `  curl -i ${gateway}/orders  # 401, door one`,
    '  T=$(npx sallyport token get --as alice --scope read:orders)',
    `  curl -H "Authorization: Bearer $T" ${gateway}/orders  # 200, hers`,
    `  curl -i -H "Authorization: Bearer $T" ${gateway}/orders/bob-1  # 404, door two`,
    '  npx sallyport explain last  # why',
    'Next: docs/tutorial.md',
  ]
}
