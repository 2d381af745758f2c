/** After a loss the next try waits this long. */
const PAUSE_MS = 100

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
 * @returns how to end it
 */
export function listen(
  make: () => Listener,
  channel: string,
  onMessage: (message: string) => void,
  onLost: (cause: unknown) => void,
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
      timer = setTimeout(begin, PAUSE_MS).unref()
      onLost(cause)
    }
    try {
      const one = make()
      client = made = one
      one.on('error', lost)
      one.on('ready', () => one.unref())
      one
        .connect()
        .then(() => one.subscribe(channel, onMessage))
        .catch(lost)
    } catch (cause) {
      lost(cause)
    }
  }
  begin()
  return end
}
