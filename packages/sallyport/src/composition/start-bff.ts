import { resolve } from 'node:path'
import type { SigningKey } from '@sallyport/credentials'
import { clientKeyMissing, partClientKey } from '../home/client-key.ts'
import type { App } from './bff.ts'
import type { Started } from './started.ts'
import { tracerOf } from './tracing.ts'

/** Starts the browser back end of a page. @returns its public address, under the client's name */
export async function startBff(
  started: Started,
  clientKey: SigningKey,
  app: App,
): Promise<Readonly<Record<string, string>>> {
  const { options, addresses, data, tracing, listen } = started
  const { ports, settings, log } = options
  if (data?.bff === undefined) throw new Error("the back end's store is not open")
  const { composeBff } = await import('./bff.ts')
  const listener = await composeBff({
    addresses,
    port: ports.app,
    settings,
    store: data.bff.store,
    masterKey: data.masterKey,
    clientKey,
    app,
    log,
    ...tracerOf(tracing, 'bff', addresses.app),
  })
  await listen(listener)
  return { [app.clientId]: addresses.app }
}

/** The back end without a demo: for the operator's own page, where one is configured. */
export async function startOwnBff(started: Started): Promise<Readonly<Record<string, string>>> {
  const { home, parts, settings } = started.options
  const { clientId, clientKey, files, scopes, usualScopes, resources, routes } = settings.app
  if (!parts.has('bff') || files === undefined) return {}
  const key = partClientKey(home, clientId, clientKey)
  if (key === undefined) throw clientKeyMissing(home, clientId)
  const scope = ['openid', ...scopes.filter(each => each !== 'openid')]
  const usualScope = usualScopes.length === 0 ? scope : ['openid', ...usualScopes.filter(each => each !== 'openid')]
  return startBff(started, key, { clientId, files: resolve(files), scope, usualScope, resources, routes, connect: [] })
}
