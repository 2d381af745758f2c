import { importPrivateJwk, isRefusal, type SigningKey } from '@sallyport/credentials'
import type { DemoFile } from './demo-file.ts'

/** The private key of one of the demo's clients. @throws Error when the demo file has none that can be used */
export function demoClientKey(demo: DemoFile, clientId: string): SigningKey {
  const key = importPrivateJwk(demo.clients.find(client => client.client_id === clientId)?.private_jwk, 'ES256')
  if (isRefusal(key)) throw new Error(`demo.json has no key of ${clientId}; remove the file to make the demo anew`)
  return key
}
