import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { LOAD_CORE } from './pinned-server.ts'

export interface Load {
  readonly url: string
  readonly connections: number
  readonly seconds: number
  /** A script of bench/load/ and its arguments. */
  readonly script?: readonly [name: string, ...rest: string[]]
  /** `Name: value`. */
  readonly headers?: readonly string[]
}

export interface Loaded {
  readonly requestsPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
}

/** What wrk prints at the end, in numbers. Microseconds, as wrk counts them. */
const SUMMARY = `
function done(summary, latency)
  local e = summary.errors
  print(string.format('SUMMARY %d %d %d %d %d', summary.requests, summary.duration, latency:percentile(50),
    latency:percentile(99), e.connect + e.read + e.write + e.status + e.timeout))
end
`

/**
 * Puts a load on a server with wrk, on a core of its own.
 *
 * @throws Error when wrk is not there and cannot be installed, or when any answer was an error
 */
export async function load({ url, connections, seconds, script, headers = [] }: Load): Promise<Loaded> {
  installWrk()
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-load-'))
  try {
    const [name, ...rest] = script ?? []
    const lua = name === undefined ? '' : readFileSync(join(import.meta.dirname, '../load', name), 'utf8')
    const file = join(folder, 'load.lua')
    writeFileSync(file, `${lua}${SUMMARY}`)
    const words = ['-t', '1', '-c', String(connections), '-d', `${seconds}s`, '-s', file]
    const said = headers.flatMap(header => ['-H', header])
    const child = spawn('taskset', ['-c', LOAD_CORE, 'wrk', ...words, ...said, url, '--', ...rest], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let text = ''
    child.stdout.setEncoding('utf8').on('data', (more: string) => {
      text += more
    })
    const [code] = await once(child, 'close')
    const numbers = /SUMMARY (\d+) (\d+) (\d+) (\d+) (\d+)/.exec(text)?.slice(1).map(Number)
    if (code !== 0 || numbers === undefined) throw new Error(`wrk ended with ${code}:\n${text}`)
    const [requests = 0, micros = 1, p50 = 0, p99 = 0, errors = 0] = numbers
    if (errors > 0) throw new Error(`${errors} of ${requests} answers of ${url} were errors`)
    return { requestsPerSecond: Math.round((requests / micros) * 1e6), p50Ms: p50 / 1000, p99Ms: p99 / 1000 }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function installWrk(): void {
  if (isThere('wrk')) return
  process.stderr.write('wrk is missing: apt-get install wrk\n')
  execFileSync('apt-get', ['install', '-y', '-qq', 'wrk'], { stdio: ['ignore', 'ignore', 'inherit'] })
}

export function isThere(program: string): boolean {
  try {
    execFileSync('sh', ['-c', 'command -v "$0"', program], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
