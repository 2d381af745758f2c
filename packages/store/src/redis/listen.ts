import { inTime } from './in-time.ts'

/** How long it may take until the server has said that it will tell; after that the client is given up for a new one. */
const BEGIN_TIMEOUT_MS = 2_000

/** What is needed of the driver's client. */
export interface Listener {
  on(event: 'error' | 'ready', listener: (cause: unknown) => void): unknown
  connect(): Promise<unknown>
  subscribe(channel: string, onMessage: (message: string) => void): Promise<unknown>
  unref(): void
  destroy(): void
}

/**
 * Hears a channel until it is ended, and again after each loss. Each try is a client of its own, since one keeps the
 * certificates that it was made with. An idle one does not keep the process alive.
 *
 * @param make  a client that does not reconnect by itself; may throw, and is then asked again
 * @param onLost  is told why, and says how long the next try waits, in milliseconds
 * @returns how to end it
 */
export function listen(
  make: () => Listener,
  channel: string,
  onMessage: (message: string) => void,
  onLost: (cause: unknown) => number,
): () => void {
  let client: Listener | undefined
  let timer: NodeJS.Timeout | undefined
  const end = () => {
    clearTimeout(timer)
    client?.destroy()
    client = undefined
  }
  const begin = () => {
    let made: Listener | undefined
    const lost = (cause: unknown) => {
      if (client !== made) return // told already, or ended
      end()
      timer = setTimeout(begin, onLost(cause)).unref()
    }
    const hear = async (one: Listener) => {
      await one.connect()
      // Ended meanwhile: the driver goes on connecting what was destroyed, and knows its socket only now.
      if (client === one) await one.subscribe(channel, onMessage)
      else one.destroy()
    }
    try {
      const one = make()
      client = made = one
      one.on('error', lost)
      one.on('ready', () => one.unref())
      inTime(hear(one), BEGIN_TIMEOUT_MS, () => undefined).catch(lost)
    } catch (cause) {
      lost(cause)
    }
  }
  begin()
  return end
}
