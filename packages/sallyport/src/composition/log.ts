import { openSync, writeSync } from 'node:fs'
import { type Log, type LogFields, redact } from '@sallyport/server'
import pino, { type Logger } from 'pino'

export interface OpenedLog {
  readonly log: Log
  /** Writes what is still in memory. */
  flush(): void
  /** From now on each line says where in which trace it was written. */
  correlate(active: ActiveTrace): void
}

/** Where this code runs in a trace; `undefined` outside of one. */
export type ActiveTrace = () => { readonly traceId: string; readonly spanId: string } | undefined

/**
 * The log of this process on pino: one JSON object a line, redacted before anything is written.
 *
 * @param file  where to; `-` is standard error
 */
export function openLog(options: {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly file: string
}): OpenedLog {
  // Opened here and now, so that a start that fails at once still has its lines.
  const fd = options.file === '-' ? 2 : openSync(options.file, 'a', 0o600)
  const lines = linesOfOneTurn(fd)
  const logger = pino(
    { level: options.level, base: null, timestamp: pino.stdTimeFunctions.isoTime, messageKey: 'event' },
    lines,
  )
  const trace: { active: ActiveTrace | undefined } = { active: undefined }
  const correlate = (active: ActiveTrace) => {
    trace.active = active
  }
  return { log: logOn(logger, trace), flush: lines.flush, correlate }
}

/**
 * Writes the lines of one turn of the loop together, when it ends: under load that is one write for many requests, and
 * it takes less than to wake a thread. A log that cannot be written must not end what is logged; standard error is told.
 */
function linesOfOneTurn(fd: number) {
  let lines = ''
  const flush = (): void => {
    const bytes = Buffer.from(lines)
    lines = ''
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at)
    } catch (error) {
      process.stderr.write(`The log cannot be written: ${error}\n`)
    }
  }
  const write = (line: string): void => {
    if (lines === '') setImmediate(flush)
    lines += line
  }
  return { write, flush }
}

function logOn(logger: Logger, trace: { readonly active: ActiveTrace | undefined }): Log {
  const write = (level: 'debug' | 'info' | 'warn' | 'error') => (event: string, fields?: LogFields) => {
    if (!logger.isLevelEnabled(level)) return
    const clean = fields === undefined ? {} : redact(fields)
    logger[level](trace.active === undefined ? clean : { ...clean, ...place(trace.active) }, event)
  }
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: fields => logOn(logger.child(redact(fields)), trace),
  }
}

/** The names that OpenTelemetry gives these in logs that are no OTLP. */
function place(active: ActiveTrace) {
  const at = active()
  return at === undefined ? {} : { trace_id: at.traceId, span_id: at.spanId }
}
