import type { Server } from 'node:http'
import { type AddressInfo, isIPv6, Server as NetServer } from 'node:net'
import type { ListenerLimits } from './limits.ts'
import { PortTakenError } from './port-taken.ts'

/** One server per address; all of them share one port and one request handler. */
export type Binding = readonly { readonly address: string; readonly server: Server }[]

const freePortAttempts = 20
const idleCheckMs = 20

/**
 * Opens every address on one port. With port 0 a port is looked for that is free on all of them. An IPv6 address that
 * this machine does not have is left out, as long as another address is open.
 *
 * @returns the port and the addresses that are open
 * @throws PortTakenError when the port belongs to another process; nothing stays open then
 */
export async function openSockets(
  binding: Binding,
  port: number,
  flag?: string,
): Promise<{ readonly port: number; readonly addresses: readonly string[] }> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await openAll(binding, port)
    } catch (error) {
      await closeSockets(binding, { drainMs: 0, closeMs: 0 })
      if (!isSystemError(error) || error.code !== 'EADDRINUSE') throw error
      if (port !== 0) throw new PortTakenError(port, error.address ?? 'every address', flag)
      if (attempt === freePortAttempts) throw error
    }
  }
}

export type Closing = Pick<ListenerLimits, 'drainMs' | 'closeMs'>

/**
 * Stops taking connections, keeps idle ones for `drainMs`, gives open requests `closeMs` more to finish, then ends what is
 * left. A proxy that lets go of idle connections sooner than that never sends a request into one that is being closed.
 */
export async function closeSockets(binding: Binding, closing: Closing): Promise<void> {
  await Promise.all(binding.filter(({ server }) => server.listening).map(({ server }) => closeOne(server, closing)))
}

async function openAll(binding: Binding, wanted: number) {
  let port = wanted
  const addresses: string[] = []
  for (const { address, server } of binding) {
    try {
      port = await openOne(server, address, port)
      addresses.push(address)
    } catch (error) {
      const absent = isSystemError(error) && (error.code === 'EADDRNOTAVAIL' || error.code === 'EAFNOSUPPORT')
      if (!(absent && isIPv6(address) && binding.length > 1)) throw error
    }
  }
  return { port, addresses }
}

function openOne(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port, ipv6Only: isIPv6(host) }, () => {
      server.off('error', reject)
      resolve((server.address() as AddressInfo).port)
    })
  })
}

function closeOne(server: Server, { drainMs, closeMs }: Closing): Promise<void> {
  return new Promise(resolve => {
    let idle: NodeJS.Timeout | undefined
    const drained = setTimeout(() => {
      server.closeIdleConnections()
      // An answer that began before was promised a kept connection; it falls idle when it is done.
      idle = setInterval(() => server.closeIdleConnections(), idleCheckMs)
    }, drainMs)
    const end = setTimeout(() => server.closeAllConnections(), drainMs + closeMs)
    // That of node:http would end idle connections at once.
    NetServer.prototype.close.call(server, () => {
      for (const timer of [drained, idle, end]) clearTimeout(timer)
      resolve()
    })
    if (drainMs === 0) server.closeIdleConnections()
  })
}

function isSystemError(error: unknown): error is Error & { code: string; address?: string } {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
}
