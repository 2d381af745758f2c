import { parentPort, workerData } from 'node:worker_threads'
import { ChainFile } from '../audit/chain-file.ts'
import type { FileTrailOptions } from '../audit/trail.ts'
import { AuditOutbox } from './audit-outbox.ts'
import { Checkpoints } from './checkpoints.ts'
import { openForWriting } from './connection.ts'
import { applyOperation, prepared } from './operations.ts'
import { FieldReader, GROUP_OF_RECORDS, pack } from './packing.ts'
import { storeErrorOfSqlite } from './sqlite-errors.ts'
import { Versions } from './versions.ts'

/** How long audit records that are committed wait for the file, so that many share its sync too. */
const FILE_AFTER_MS = 50

/** How long they wait after the file took none; they are safe in the database, and who writes next meets the trouble. */
const FILE_AGAIN_MS = 1000

/** Of a store without a trail; its records are refused before they come here. */
const NO_TRAIL = { stage: () => undefined, heads: () => ({}) }

/**
 * The thread that writes: takes a group, applies it in one transaction, and answers after the commit is on disk. A group
 * of audit records alone goes to the trail's file instead. The event loop of the main thread never waits for a disk.
 */
function serve(port: NonNullable<typeof parentPort>, path: string, audit: FileTrailOptions | undefined): void {
  const database = openForWriting(path)
  const run = prepared(database)
  const checkpoints = new Checkpoints(database, () => performance.now())
  const versions = new Versions(run)
  const outbox = audit && new AuditOutbox(run, new ChainFile(audit.path), audit.writer)
  let filing: NodeJS.Timeout | undefined

  const apply = (fields: FieldReader, now: number): readonly string[] => {
    const verdicts: string[] = []
    run.begin.run()
    try {
      while (!fields.done) verdicts.push(...applyOperation(fields, now, run, versions, outbox ?? NO_TRAIL))
      outbox?.keep()
      run.commit.run()
    } catch (error) {
      if (database.isTransaction) run.rollback.run()
      versions.forget()
      outbox?.undone()
      throw error
    }
    outbox?.committed()
    return verdicts
  }

  const fileAfter = (ms: number) => {
    filing ??= setTimeout(() => {
      filing = undefined
      try {
        outbox?.drain()
      } catch {
        fileAfter(FILE_AGAIN_MS)
      }
    }, ms)
  }

  const answer = (group: string): string => {
    const fields = new FieldReader(group)
    const [now, of] = [fields.integer(), fields.text()]
    if (of !== GROUP_OF_RECORDS) return pack(apply(fields, now))
    outbox?.append(fields.rest())
    return ''
  }

  const close = () => {
    clearTimeout(filing)
    try {
      outbox?.close() // what the file does not take stays in the database, for whoever opens it next
    } finally {
      database.close()
      port.close()
    }
  }

  port.on('message', (group: string | { close: true }) => {
    if (typeof group === 'object') {
      close()
      return
    }
    try {
      port.postMessage(answer(group))
    } catch (error) {
      port.postMessage(failure(error, path))
    }
    checkpoints.committed()
    if (outbox?.isWaiting) fileAfter(FILE_AFTER_MS)
  })
  port.postMessage('')
}

/** An error as it crosses threads; only its words do. */
function failure(
  error: unknown,
  path: string,
): { failed: ReturnType<typeof storeErrorOfSqlite>['code']; text: string; hint: string } {
  const { code, message, hint } = storeErrorOfSqlite(error, path)
  return { failed: code, text: message.slice(0, -hint.length - 1), hint }
}

const { path, audit } = workerData as { path: string; audit: FileTrailOptions | undefined }
if (parentPort !== null) {
  try {
    serve(parentPort, path, audit)
  } catch (error) {
    parentPort.postMessage(failure(error, path))
    parentPort.close()
  }
}
