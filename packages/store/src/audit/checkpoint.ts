import type { ChainHead } from './record.ts'
import { sha256 } from './record.ts'

/**
 * The ends of all chains at one moment, signed. What a checkpoint covers cannot be cut off or written anew without that
 * showing; a copy of the newest, kept where the trail's writers cannot reach, covers the checkpoints themselves.
 */
export interface Checkpoint {
  /** Counted from 1. */
  readonly number: number
  /** Unix seconds. */
  readonly at: number
  /** By writer. */
  readonly heads: Readonly<Record<string, ChainHead>>
  /** Where chains begin whose older records were dropped by age: the last record that was dropped. */
  readonly beginnings: Readonly<Record<string, ChainHead>>
  /** SHA-256 of the text of the checkpoint before, base64url; empty in the first. */
  readonly previous: string
}

/** A checkpoint as it is stored and exported. */
export interface SignedCheckpoint {
  /** The checkpoint as JSON: what is signed. */
  readonly text: string
  readonly signature: string
}

/** Who signs checkpoints, and judges signatures. The store knows no keys: they are passed in. */
export interface CheckpointSigner {
  sign(text: string): string | Promise<string>
  verify(text: string, signature: string): boolean | Promise<boolean>
}

export function readCheckpoint({ text }: SignedCheckpoint): Checkpoint {
  return JSON.parse(text)
}

/** Whether it is a checkpoint, signed by this signer, whatever somebody else put in its place. */
export async function isSigned(
  { text, signature }: Partial<SignedCheckpoint>,
  signer: Pick<CheckpointSigner, 'verify'>,
): Promise<boolean> {
  return typeof text === 'string' && typeof signature === 'string' && (await signer.verify(text, signature))
}

/** What the checkpoint after this one says of it. */
export const checkpointHash = ({ text }: SignedCheckpoint): string => sha256(text)
