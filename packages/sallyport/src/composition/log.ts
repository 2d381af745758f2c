import { type Log, type LogFields, redact } from '@sallyport/server'
import pino, { type Logger } from 'pino'

export interface OpenedLog {
  readonly log: Log
  /** Writes what is still in memory. */
  flush(): void
}

/**
 * The log of this process on pino: one JSON object a line, redacted before anything is written.
 *
 * @param file  where to; `-` is standard error
 */
export function openLog(options: {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly file: string
}): OpenedLog {
  const destination = pino.destination({
    ...(options.file === '-' ? { fd: 2 } : { dest: options.file }),
    mode: 0o600,
    sync: false,
    minLength: 0,
  })
  const logger = pino(
    { level: options.level, base: null, timestamp: pino.stdTimeFunctions.isoTime, messageKey: 'event' },
    destination,
  )
  return { log: logOn(logger), flush: () => destination.flushSync() }
}

function logOn(logger: Logger): Log {
  const write = (level: 'debug' | 'info' | 'warn' | 'error') => (event: string, fields?: LogFields) => {
    if (logger.isLevelEnabled(level)) logger[level](fields === undefined ? {} : redact(fields), event)
  }
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: fields => logOn(logger.child(redact(fields))),
  }
}
