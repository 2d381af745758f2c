import { closeSync, openSync, writeSync } from 'node:fs'
import { type Log, type LogFields, redact } from '@sallyport/server'

/** The file that joins both doors' decisions, one JSON object a line; several processes append to it. */
export interface DecisionFile {
  append(record: Readonly<Record<string, unknown>>): void
  close(): void
}

export function openDecisionFile(path: string): DecisionFile {
  const file = openSync(path, 'a', 0o600)
  return { append: record => void writeSync(file, `${JSON.stringify(record)}\n`), close: () => closeSync(file) }
}

/** A log that also puts door one's refusals on record beside door two's decisions, under the same request id. */
export function withDoorOne(log: Log, part: string, decisions: DecisionFile): Log {
  const info: Log['info'] = (event, fields) => {
    if (event !== 'refused' || fields === undefined) return log.info(event, fields)
    // Named `code`, the word would be taken for an authorization code and removed from the log.
    const { code, ...rest } = fields
    log.info(event, { reason: code, ...rest })
    decisions.append(doorOneRecord(part, fields))
  }
  return { ...log, info, child: fields => withDoorOne(log.child(fields), part, decisions) }
}

/** A refusal of door one, or of the edge before it, as a line of the decision file. A path may have a token in it: lines are kept. */
function doorOneRecord(part: string, fields: LogFields): Readonly<Record<string, unknown>> {
  const { code, door = 1, expected, got, hint, do: todo, rule, method, path, request_id } = fields
  const at = Date.now() / 1000
  return redact({
    at,
    door,
    part,
    request_id,
    outcome: 'deny',
    reason: code,
    method,
    path,
    expected,
    got,
    hint: hint ?? todo,
    rule,
  })
}
