import type { Log, LogFields, Metrics } from '@sallyport/server'
import { type AuditRecord, type Effects, StoreError, type TenantStore } from '@sallyport/store'

/** Words of one label, taken up as they come: each is a word of the code, and there are never more than this many. */
const maxWords = 100

class Words {
  readonly known: string[] = []

  of(word: unknown): string {
    if (typeof word !== 'string' || !/^[a-z][a-z0-9_.-]{0,63}$/.test(word)) return 'other'
    if (!this.known.includes(word) && this.known.length < maxWords) this.known.push(word)
    return word
  }
}

const grantTypes: Readonly<Record<string, string>> = {
  'urn:ietf:params:oauth:grant-type:token-exchange': 'token_exchange',
  'urn:ietf:params:oauth:grant-type:device_code': 'device_code',
}

/** Counts what is put on record by its words. Who did it, and to whom, is in the trail alone. */
export interface RecordCounts {
  /** A record that is to be written by `write`, be it alone or with what it is about; `written` says whether it was. */
  during<T>(record: AuditRecord, write: () => Promise<T>, written: (answer: T) => boolean): Promise<T>
}

export function recordCounts(metrics: Metrics): RecordCounts {
  const [actions, reasons, grants] = [new Words(), new Words(), new Words()]
  const acts = metrics.counter('sallyport_audit_records_total', 'Records of the audit trail, by what was done.', {
    action: actions.known,
  })
  const failures = metrics.counter(
    'sallyport_audit_failures_total',
    'Records that could not be written: nothing was granted.',
    {},
  )
  const waiting = metrics.gauge('sallyport_audit_waiting', 'Records that wait for the disk.', {})
  const given = metrics.counter('sallyport_grants_total', 'Tokens given, by type of grant.', {
    grant_type: grants.known,
  })
  const revoked = metrics.counter('sallyport_revocations_total', 'Revocations, by what was revoked and why.', {
    kind: actions.known,
    reason: reasons.known,
  })
  failures.add({}, 0)
  let unwritten = 0
  metrics.collect(() => waiting.set({}, unwritten))
  const count = (record: AuditRecord) => {
    const action = actions.of(record.action)
    const type = record.detail?.grant_type
    if (action === 'token.grant') given.add({ grant_type: grants.of(grantTypes[String(type)] ?? type) })
    else if (action.endsWith('.revoke')) revoked.add({ kind: action, reason: reasons.of(record.reason ?? 'asked') })
    acts.add({ action })
  }
  return {
    during(record, write, written) {
      unwritten += 1
      return write().then(
        answer => {
          unwritten -= 1
          if (written(answer)) count(record)
          return answer
        },
        (error: unknown) => {
          unwritten -= 1
          if (!(error instanceof StoreError && error.code === 'conflict')) failures.add({})
          throw error
        },
      )
    },
  }
}

/** The store of one part, with the records that come with its writes counted. */
export function countedStore(store: TenantStore, counts: RecordCounts): TenantStore {
  const take = store.take.bind(store)
  const commit = store.commit.bind(store)
  const counted: Pick<TenantStore, 'take' | 'commit'> = {
    take: <V>(kind: string, key: string, effects: Effects) =>
      effects.audit === undefined
        ? take<V>(kind, key, effects)
        : counts.during(
            effects.audit,
            () => take<V>(kind, key, effects),
            taken => 'won' in taken,
          ),
    commit: (writes, vouched) =>
      vouched?.audit === undefined
        ? commit(writes, vouched)
        : counts.during(
            vouched.audit,
            () => commit(writes, vouched),
            answer => 'committed' in answer,
          ),
  }
  return Object.assign(store, counted)
}

/** A log whose refusals and errors are counted by event and reason, whatever its level writes. */
export function countedLog(log: Log, metrics: Metrics): Log {
  const [events, reasons] = [new Words(), new Words()]
  const refusals = metrics.counter('sallyport_refusals_total', 'Requests refused, by what refused and why.', {
    event: events.known,
    reason: reasons.known,
  })
  const errors = metrics.counter('sallyport_errors_total', 'What went wrong on our side, by its name in the log.', {
    event: events.known,
  })
  const count = (event: string, fields: LogFields | undefined) => {
    const reason = fields?.reason ?? fields?.code ?? fields?.refused
    if (/_(?:refused|crowded|inactive)$|^refused$/.test(event))
      refusals.add({ event: events.of(event), reason: reasons.of(reason) })
  }
  const counting = (inner: Log): Log => ({
    debug: inner.debug,
    info(event, fields) {
      count(event, fields)
      inner.info(event, fields)
    },
    warn(event, fields) {
      count(event, fields)
      inner.warn(event, fields)
    },
    error(event, fields) {
      errors.add({ event: events.of(event) })
      inner.error(event, fields)
    },
    child: fields => counting(inner.child(fields)),
  })
  return counting(log)
}
