import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { freePorts } from '../free-ports.ts'
import type { RunningSystem } from '../system.ts'
import type { DoorAsked } from './door.ts'

/** A place where tokens are shown. */
export interface Door {
  readonly name: string
  /** Of what stands behind it. */
  readonly address: string
  /** `performance.now()` of each alarm of its revocation feed, newest last. */
  readonly alarms: readonly { readonly event: string; readonly at: number }[]
}

export interface Doors {
  readonly all: readonly Door[]
  stop(): Promise<void>
}

/** Guards and gateways, each a process of its own, for the tokens of a started system; the gateways stand before a constant. */
export async function openDoors(system: RunningSystem, guards: number, gateways: number): Promise<Doors> {
  const { private_jwk: key, client_id: clientId } = system.client('gateway')
  if (key === undefined) throw new Error('the gateway has no key')
  const service = await constant()
  const stops: (() => Promise<void>)[] = [() => closed(service)]
  const stop = async () => {
    for (const each of stops.splice(0)) await each()
  }
  const names = [
    ...Array.from({ length: guards }, (_, n) => ['guard', n + 1] as const),
    ...Array.from({ length: gateways }, (_, n) => ['gateway', n + 1] as const),
  ]
  const ports = await freePorts(names.map(([door, n]) => `${door} ${n}`))
  try {
    const all = await Promise.all(
      names.map(async ([door, n]) => {
        const name = `${door} ${n}`
        const asked: DoorAsked = {
          door,
          port: ports[name] ?? 0,
          issuer: system.issuer,
          clientId,
          key,
          ...system.resources,
          upstream: `${addressOf(service)}/orders`,
        }
        const opened = await openDoor(name, asked)
        stops.push(opened.stop)
        return opened.door
      }),
    )
    return { all, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function openDoor(name: string, asked: DoorAsked): Promise<{ door: Door; stop(): Promise<void> }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'door.ts'), JSON.stringify(asked)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const alarms: { event: string; at: number }[] = []
  const serving = Promise.withResolvers<void>()
  createInterface(child.stdout).on('line', line => {
    const said: { readonly event?: string } = JSON.parse(line)
    if (said.event === undefined) serving.resolve()
    else alarms.push({ event: said.event, at: performance.now() })
  })
  child.once('exit', code => serving.reject(new Error(`${name} ended with ${code}`)))
  await serving.promise
  return {
    door: { name, address: `http://127.0.0.1:${asked.port}/orders`, alarms },
    stop: () => ended(child),
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'exit')
  child.kill('SIGKILL')
  await exit
}

async function constant(): Promise<Server> {
  const server = createServer((_request, response) => response.end('[]'))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return server
}

const closed = (server: Server) =>
  new Promise<void>(resolve => {
    server.closeAllConnections()
    server.close(() => resolve())
  })

function addressOf(server: Server): string {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the service has no port')
  return `http://127.0.0.1:${address.port}`
}
