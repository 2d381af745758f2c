import type { Store } from '../contract.ts'
import {
  type Checkpoint,
  type CheckpointSigner,
  checkpointHash,
  isSigned,
  readCheckpoint,
  type SignedCheckpoint,
} from './checkpoint.ts'
import { CheckpointLog } from './checkpoint-log.ts'
import { type AuditProblem, type AuditVerdict, verifyAuditTrail } from './verify.ts'

export interface StoreVerdict extends AuditVerdict {
  readonly checkpoints: number
  /** Unix seconds of the newest checkpoint; what is younger can be cut off without a trace. */
  readonly coveredUntil: number | undefined
}

/**
 * Judges the trail of a store and its checkpoints.
 *
 * A cut behind the newest checkpoint's ends is not seen: at most the last minute of a running system. Who can write the
 * store can cut checkpoints too, down to an older one; that shows against `kept`, a copy from elsewhere.
 */
export async function verifyStore(
  store: Store,
  signer: Pick<CheckpointSigner, 'verify'>,
  kept?: SignedCheckpoint,
): Promise<StoreVerdict> {
  const verdict = await verifyOnce(store, signer, kept)
  // Old records may have been dropped, with a checkpoint that says so, while these were read.
  return verdict.intact ? verdict : verifyOnce(store, signer, kept)
}

async function verifyOnce(
  store: Store,
  signer: Pick<CheckpointSigner, 'verify'>,
  kept: SignedCheckpoint | undefined,
): Promise<StoreVerdict> {
  const signed = await Array.fromAsync(new CheckpointLog(store).all())
  const { trusted, problems } = await judgeCheckpoints(signed, signer, kept)
  const verdict = await verifyAuditTrail(store.audit.lines(), trusted)
  const all = [...problems, ...verdict.problems]
  const coveredUntil = trusted.map(({ at }) => at).toSorted((a, b) => a - b)
  return {
    ...verdict,
    intact: all.length === 0,
    problems: all,
    checkpoints: signed.length,
    coveredUntil: coveredUntil.at(-1),
  }
}

async function judgeCheckpoints(
  signed: readonly SignedCheckpoint[],
  signer: Pick<CheckpointSigner, 'verify'>,
  kept: SignedCheckpoint | undefined,
): Promise<{ trusted: readonly Checkpoint[]; problems: readonly AuditProblem[] }> {
  const trusted: Checkpoint[] = []
  const problems: AuditProblem[] = []
  const found = (problem: AuditProblem['found'], seq: number) =>
    problems.push({ found: problem, line: 0, writer: undefined, seq })
  let before: SignedCheckpoint | undefined
  for (const each of signed) {
    const expected = before && readCheckpoint(before).number + 1
    const checkpoint = readAny(each)
    if (checkpoint === undefined) {
      found('forged', expected ?? 0)
      continue
    }
    if (await isSigned(each, signer)) trusted.push(checkpoint)
    else found('forged', checkpoint.number)
    if (expected !== undefined && checkpoint.number !== expected) found('missing', expected)
    else if (before !== undefined && checkpoint.previous !== checkpointHash(before)) found('changed', expected ?? 0)
    before = each
  }
  if (kept !== undefined) {
    const checkpoint = readCheckpoint(kept)
    const newest = before === undefined ? 0 : readCheckpoint(before).number
    const same = signed.find(each => readAny(each)?.number === checkpoint.number)
    if (!(await isSigned(kept, signer))) found('forged', checkpoint.number)
    else if (newest < checkpoint.number) found('cut', newest + 1)
    else if (same !== undefined && same.text !== kept.text) found('changed', checkpoint.number)
    trusted.push(checkpoint) // it is believed because of where it was kept
  }
  return { trusted, problems }
}

/** What stands in a checkpoint's place, if it can be read as one. */
function readAny(signed: SignedCheckpoint): Checkpoint | undefined {
  try {
    const checkpoint: Checkpoint | null = readCheckpoint(signed)
    return Number.isSafeInteger(checkpoint?.number) ? (checkpoint ?? undefined) : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
