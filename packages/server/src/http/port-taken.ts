import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** The port of a listener belongs to another process; the message says which, where the system tells, and what to do. */
export class PortTakenError extends Error {
  override readonly name = 'PortTakenError'
  readonly port: number
  readonly address: string
  /** The process that has the port, `undefined` where the system does not tell. */
  readonly pid: number | undefined
  /** The command line's flag that chooses another port. */
  readonly flag: string | undefined

  constructor(port: number, address: string, flag: string | undefined) {
    const pid = pidOfListener(port)
    const owner = pid === undefined ? 'another process' : `process ${pid}`
    const way = flag === undefined ? 'stop it' : `stop it or choose another port with ${flag}`
    super(`port ${port} on ${address} is taken by ${owner}; ${way}`)
    this.port = port
    this.address = address
    this.pid = pid
    this.flag = flag
  }
}

/** The process that listens on a TCP port, from Linux's `/proc`; `undefined` elsewhere or without the right to look. */
export function pidOfListener(port: number): number | undefined {
  const inodes = new Set([...listeningInodes('/proc/net/tcp', port), ...listeningInodes('/proc/net/tcp6', port)])
  if (inodes.size === 0) return undefined
  for (const entry of quietly(() => readdirSync('/proc'), [])) {
    if (!/^\d+$/.test(entry)) continue
    for (const descriptor of quietly(() => readdirSync(`/proc/${entry}/fd`), [])) {
      const target = quietly(() => readlinkSync(`/proc/${entry}/fd/${descriptor}`), '')
      const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1]
      if (inode !== undefined && inodes.has(inode)) return Number(entry)
    }
  }
  return undefined
}

const listenState = '0A'

function listeningInodes(table: string, port: number): readonly string[] {
  const hexPort = port.toString(16).toUpperCase().padStart(4, '0')
  const lines = quietly(() => readFileSync(table, 'utf8'), '')
    .split('\n')
    .slice(1)
  return lines.flatMap(line => {
    const columns = line.trim().split(/\s+/)
    const inode = columns[9]
    const matches = columns[1]?.endsWith(`:${hexPort}`) === true && columns[3] === listenState
    return matches && inode !== undefined ? [inode] : []
  })
}

/** Processes end and files vanish while they are read; what cannot be read is not there. */
function quietly<T>(read: () => T, otherwise: T): T {
  try {
    return read()
  } catch {
    return otherwise
  }
}
