import { createPublicKey, sign, verify } from 'node:crypto'
import {
  exportPrivateJwk,
  generateSigningKey,
  importPrivateJwk,
  isRefusal,
  type PrivateJwk,
} from '@sallyport/credentials'
import type { CheckpointSigner, TenantStore } from '@sallyport/store'

/** Sealed: who has the store without the master key can sign nothing. */
const KEY = { kind: 'audit-key', key: 'checkpoints' } as const

/** Signs the audit trail's checkpoints with a key of its own, made when it is first needed. */
export async function openAuditSigner(store: TenantStore): Promise<CheckpointSigner> {
  const known = await store.peek<PrivateJwk>(KEY.kind, KEY.key)
  if (known === undefined) {
    const value = exportPrivateJwk(generateSigningKey('EdDSA'))
    // Another process may be first; then its key is the one.
    await store.commit([{ insert: { ...KEY, value } }])
  }
  const stored = known ?? (await store.peek<PrivateJwk>(KEY.kind, KEY.key))
  const key = importPrivateJwk(stored?.value, 'EdDSA')
  if (isRefusal(key)) throw new Error('The key of the audit trail cannot be read.')
  const publicKey = createPublicKey(key.privateKey)
  return {
    sign: text => sign(null, Buffer.from(text), key.privateKey).toString('base64url'),
    verify: (text, signature) => verify(null, Buffer.from(text), publicKey, Buffer.from(signature, 'base64url')),
  }
}
