import { importPrivateJwk, isRefusal, type SigningKey } from '@sallyport/credentials'
import { clientKeyMissing, partClientKey } from '../home/client-key.ts'
import type { Home } from '../home/home.ts'
import type { DemoFile } from './demo-file.ts'

/**
 * The private key of a part that is one of the demo's clients: the configured one, the home's, or the one that the demo was
 * made with.
 *
 * @throws CommandFailure when there is none, or none that can be used
 */
export function demoClientKey(
  home: Home,
  demo: DemoFile,
  clientId: string,
  configured: string | undefined,
): SigningKey {
  const own = partClientKey(home, clientId, configured)
  if (own !== undefined) return own
  const key = importPrivateJwk(demo.clients.find(client => client.client_id === clientId)?.private_jwk, 'ES256')
  if (isRefusal(key)) throw clientKeyMissing(home, clientId)
  return key
}
