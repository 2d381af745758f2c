import { parentPort, workerData } from 'node:worker_threads'
import { openForWriting } from './connection.ts'
import { applyOperation, prepared } from './operations.ts'
import { FieldReader, pack } from './packing.ts'
import { storeErrorOfSqlite } from './sqlite-errors.ts'
import { Versions } from './versions.ts'

/**
 * The thread that writes: takes a group, applies it in one transaction, and answers after the commit is on disk. The
 * event loop of the main thread never waits for a disk.
 */
function serve(port: NonNullable<typeof parentPort>, path: string): void {
  const database = openForWriting(path)
  const run = prepared(database)
  const versions = new Versions(run)

  const apply = (group: string): string => {
    const fields = new FieldReader(group)
    const now = fields.integer()
    const verdicts: string[] = []
    run.begin.run()
    try {
      while (!fields.done) verdicts.push(...applyOperation(fields, now, run, versions))
      run.commit.run()
    } catch (error) {
      if (database.isTransaction) run.rollback.run()
      versions.forget()
      throw error
    }
    return pack(verdicts)
  }

  port.on('message', (group: string | { close: true }) => {
    if (typeof group === 'object') {
      database.close()
      port.close()
      return
    }
    try {
      port.postMessage(apply(group))
    } catch (error) {
      port.postMessage(failure(error, path))
    }
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

const { path } = workerData as { path: string }
if (parentPort !== null) {
  try {
    serve(parentPort, path)
  } catch (error) {
    parentPort.postMessage(failure(error, path))
    parentPort.close()
  }
}
