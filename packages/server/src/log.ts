/** Facts that go with a log line. Names are snake_case; secrets are removed by `redact` before anything is written. */
export type LogFields = Readonly<Record<string, unknown>>

/**
 * The logger every part takes as an argument. `event` is a stable snake_case name, never a sentence with values in it.
 * The composition root supplies one on pino; a test supplies an array.
 */
export interface Log {
  debug(event: string, fields?: LogFields): void
  info(event: string, fields?: LogFields): void
  warn(event: string, fields?: LogFields): void
  error(event: string, fields?: LogFields): void
  /** A logger that adds `fields` to each of its lines. */
  child(fields: LogFields): Log
}

/** A logger that writes nothing. */
export const silentLog: Log = {
  debug: ignore,
  info: ignore,
  warn: ignore,
  error: ignore,
  child: () => silentLog,
}

function ignore(): void {
  // The point of a silent log.
}
