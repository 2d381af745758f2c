import type { Tracing } from '@sallyport/guard/tracing'
import type { Listener, Log, Metrics } from '@sallyport/server'
import type { ShortLived } from '@sallyport/store'
import type { Settings } from '../configuration/load.ts'
import type { PartName } from '../configuration/sections/process.ts'
import type { Addresses, Ports } from '../demo/addresses.ts'
import type { Home } from '../home/home.ts'
import type { ComposedAuthority } from './authority.ts'
import type { Data } from './data.ts'
import type { OpenedLog } from './log.ts'

/** What one process is started with. */
export interface SystemOptions {
  readonly home: Home
  readonly settings: Settings
  readonly ports: Ports
  readonly parts: ReadonlySet<PartName>
  readonly log: Log
  /** Hears of the traces that lines of the log belong to, where there are any. */
  readonly correlate: OpenedLog['correlate']
}

/** What the parts of one process have in common. */
export interface Started {
  readonly options: SystemOptions
  readonly addresses: Addresses
  readonly data: Data | undefined
  readonly shortLived: ShortLived | undefined
  readonly metrics: Metrics
  readonly tracing: Tracing | undefined
  /** The authority, when this process runs it. */
  readonly authority: ComposedAuthority | undefined
  /** Has something ended with the system, before what was begun earlier. */
  atEnd(stop: () => Promise<void> | void): void
  listen(listener: Listener): Promise<void>
}
