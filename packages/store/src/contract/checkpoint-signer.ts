import { generateKeyPairSync, sign, verify } from 'node:crypto'
import type { CheckpointSigner } from '../audit/checkpoint.ts'

/** A signer with a key of its own. */
export function newSigner(): CheckpointSigner {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  return {
    sign: text => sign(null, Buffer.from(text), privateKey).toString('base64url'),
    verify: (text, signature) => verify(null, Buffer.from(text), publicKey, Buffer.from(signature, 'base64url')),
  }
}
