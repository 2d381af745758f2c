import type { PrivateJwk } from '@sallyport/credentials'
import type { Home } from '../home/home.ts'
import { readJsonFile, writePrivateFile } from '../home/private-file.ts'

/** `.sallyport/demo.json`: a contract that scripts rely on (DESIGN §5). Wire names are those of RFC 7591. */
export interface DemoFile {
  readonly issuer: string
  readonly gateway: string
  readonly app: string
  readonly orders_api: string
  readonly users: readonly DemoUser[]
  readonly clients: readonly DemoClient[]
}

export interface DemoUser {
  readonly username: string
  readonly password: string
  readonly roles: readonly string[]
}

export interface DemoClient {
  readonly client_id: string
  readonly client_secret?: string
  readonly private_jwk?: PrivateJwk
  readonly token_endpoint_auth_method: string
  readonly grant_types: readonly string[]
  readonly redirect_uris?: readonly string[]
  readonly post_logout_redirect_uris?: readonly string[]
  /** Space-separated. */
  readonly scope: string
  /** The resource that its tokens are for when it names none; all of them are in `resources`. */
  readonly resource: string
  readonly resources: readonly string[]
}

export const writeDemoFile = (home: Home, demo: DemoFile): void =>
  writePrivateFile(home.demo, `${JSON.stringify(demo, undefined, 2)}\n`)

/** The demo of this home; `undefined` before its first start. @throws Error when the file is not what we wrote */
export function readDemoFile(home: Home): DemoFile | undefined {
  const value = readJsonFile(home.demo)
  if (value === undefined) return undefined
  if (!isDemoFile(value)) throw new Error(`${home.demo} is not a demo file`)
  return value
}

function isDemoFile(value: unknown): value is DemoFile {
  if (typeof value !== 'object' || value === null) return false
  return (
    'issuer' in value &&
    'users' in value &&
    Array.isArray(value.users) &&
    'clients' in value &&
    Array.isArray(value.clients)
  )
}
