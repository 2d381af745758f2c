import { createServer, type Server } from 'node:net'

/** Below what systems give to outgoing connections (Linux: 32,768), of which tests that run beside this one have many. */
const [lowest, ofEach, owners] = [12_000, 100, 200] as const
const own = lowest + (process.pid % owners) * ofEach
let next = 0

/** A free loopback port for each name: no two the same, and none that another call in this process was given. */
export async function freePorts<K extends string>(names: readonly K[]): Promise<Record<K, number>> {
  const found: [K, number][] = []
  for (const name of names) found.push([name, await freePort()])
  return Object.fromEntries(found) as Record<K, number>
}

/** One free loopback port, on both addresses. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < ofEach; tries += 1) {
    const port = own + (next % ofEach)
    next += 1
    if ((await isFree(port, '127.0.0.1')) && (await isFree(port, '::1'))) return port
  }
  throw new Error(`none of the ports ${own} to ${own + ofEach - 1} is free`)
}

async function isFree(port: number, host: string): Promise<boolean> {
  const server = createServer()
  const opened = await listen(server, port, host)
  if (opened === 'open') await new Promise(resolve => server.close(resolve))
  return opened !== 'taken'
}

function listen(server: Server, port: number, host: string): Promise<'open' | 'taken' | 'no such address'> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve('taken')
      else if (error.code === 'EADDRNOTAVAIL' || error.code === 'EAFNOSUPPORT') resolve('no such address')
      else reject(error)
    })
    server.listen({ port, host, ipv6Only: host === '::1' }, () => resolve('open'))
  })
}
