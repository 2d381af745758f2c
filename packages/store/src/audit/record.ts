import { hash } from 'node:crypto'
import { StoreError } from '../store-error.ts'

/** What happened, for who has to answer for it later. Plain data; no token, secret, code or password ever. */
export interface AuditRecord {
  /** Unix seconds. */
  readonly at: number
  readonly tenant: string
  /** Who did it: a subject, a client, or `system`. */
  readonly actor: string
  /** The deed as `noun.verb`, such as `grant.revoke`. */
  readonly action: string
  /** What it was done to. */
  readonly target?: string | undefined
  /** `done`, `refused`, or a word of the action's own. */
  readonly outcome: string
  readonly reason?: string | undefined
  readonly request_id?: string | undefined
  readonly detail?: Readonly<Record<string, unknown>> | undefined
}

/** The end of a chain: the newest record's number and hash. A checkpoint is the ends of all chains, kept elsewhere. */
export interface ChainHead {
  /** 0 before the first record. */
  readonly seq: number
  /** SHA-256 of the record's line without its own hash, base64url. */
  readonly hash: string
}

/** A line of the trail: the record, and its place in the chain of its writer. */
export interface ChainedRecord extends AuditRecord {
  readonly writer: string
  readonly seq: number
  readonly previous: string
  readonly hash: string
}

export const CHAIN_START: ChainHead = { seq: 0, hash: '' }

/** The deed that a writer records about a line that a crash left unfinished. */
export const TORN_LINE = 'audit.torn-line'

const RECORD_BYTES_MAX = 64 * 1024

/** @throws StoreError `cannot_open` for a name that is not 1 to 100 of letters, digits and `. _ -` */
export function checkWriterName(writer: string): void {
  if (/^[\w.-]{1,100}$/.test(writer)) return
  throw new StoreError('cannot_open', `${writer} cannot be a writer of the audit trail.`, 'Use A-Z, a-z, 0-9 and . _ -')
}

/** Renders a record, as it is now, for its line. @throws StoreError `invalid_write` over 64 KiB */
export function renderRecord(record: AuditRecord): string {
  const text = JSON.stringify(record)
  // A character is three bytes of UTF-8 at most.
  if (3 * text.length <= RECORD_BYTES_MAX || Buffer.byteLength(text) <= RECORD_BYTES_MAX) return text
  throw new StoreError('invalid_write', 'An audit record is too long.', `The limit is ${RECORD_BYTES_MAX} bytes.`)
}

/**
 * Renders the record that goes with writes, if there is one.
 * @param isAudited whether the store has a trail. @throws StoreError `invalid_write`
 */
export function renderVouched(
  vouched: { readonly audit?: AuditRecord | undefined } | undefined,
  isAudited: boolean,
): string | undefined {
  if (vouched?.audit === undefined) return undefined
  if (isAudited) return renderRecord(vouched.audit)
  throw new StoreError('invalid_write', 'This store was opened without an audit trail.', 'Open it with one.')
}

/** Makes a rendered record the next line of a chain. */
export function chainLine(text: string, writer: string, head: ChainHead): { line: string; head: ChainHead } {
  const seq = head.seq + 1
  // A writer's name and a hash are spelled in JSON as they are.
  const body = `${text.slice(0, -1)},"writer":"${writer}","seq":${seq},"previous":"${head.hash}"`
  const digest = sha256(`${body}}`)
  return { line: `${body},"hash":"${digest}"}`, head: { seq, hash: digest } }
}

/** The lines of a text, each with its newline. */
export function splitLines(text: string): readonly string[] {
  return text.split(/(?<=\n)/).filter(line => line !== '')
}

/** A line as it was read back. */
export interface ReadLine {
  readonly record: ChainedRecord
  /** Whether the line's own hash is right. */
  readonly unchanged: boolean
}

/**
 * Reads a line back.
 * @param text with its newline, or without
 * @returns the record, and whether the line's own hash is right; `undefined` when it is no line of a trail
 */
export function parseLine(text: string | Uint8Array): ReadLine | undefined {
  const decoded = typeof text === 'string' ? text : Buffer.from(text.buffer, text.byteOffset, text.length).toString()
  const line = decoded.endsWith('\n') ? decoded.slice(0, -1) : decoded
  let record: ChainedRecord
  try {
    record = JSON.parse(line)
  } catch {
    return undefined
  }
  const { writer, seq, previous, hash: digest } = record ?? {}
  if (typeof writer !== 'string' || typeof previous !== 'string' || typeof digest !== 'string') return undefined
  if (!Number.isSafeInteger(seq)) return undefined
  const ending = `,"hash":"${digest}"}`
  return { record, unchanged: line.endsWith(ending) && sha256(`${line.slice(0, -ending.length)}}`) === digest }
}

export function sha256(data: string | Uint8Array): string {
  return hash('sha256', data, 'base64url')
}
