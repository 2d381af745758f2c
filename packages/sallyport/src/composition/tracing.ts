import type { PartTracer } from '@sallyport/guard'
import type { Tracing } from '@sallyport/guard/tracing'
import type { Log } from '@sallyport/server'
import type { Settings } from '../configuration/load.ts'
import { releaseVersion } from '../release.ts'

/** Traces of this process, where a collector is configured; the code for it is loaded only then. */
export async function openTraces(settings: Settings, key: () => Uint8Array, log: Log): Promise<Tracing | undefined> {
  const { endpoint, ratio, incoming } = settings.tracing
  if (endpoint === undefined) return undefined
  const { openTracing } = await import('@sallyport/guard/tracing')
  log.info('tracing', { endpoint, ratio, incoming })
  return openTracing({
    endpoint,
    ratio,
    incoming,
    key: key(),
    version: releaseVersion(),
    onChange: (event, got) => log.warn(event, { endpoint, got }),
  })
}

/** For the options of a part: its tracer, or nothing. */
export function tracerOf(
  tracing: Tracing | undefined,
  service: string,
  origin: string,
): { readonly tracer?: PartTracer } {
  return tracing === undefined ? {} : { tracer: tracing.of(service, origin) }
}
