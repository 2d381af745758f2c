import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { freePorts } from '../free-ports.ts'
import { bytesOf, countExpired, type Place } from './loaded-store.ts'
import { loadPeople, type People } from './people.ts'
import { rowsOfUser } from './population.ts'
import type { ExpiringTokens } from './stored-authority.ts'

/** Grants and tokens that tests load: a few in `npm test`, 100,000 in CI. */
export const rowsOfTests = Number(process.env.SALLYPORT_SCALE_ROWS ?? 2_000)
/** People of the year that tests simulate. */
export const yearOfTests = rowsOfTests < 100_000 ? 2 : 4

/** No promise of the product: only the end of waiting. */
const endMs = 20_000

/** An authority of its own process on a store that was filled. */
export interface Loaded {
  readonly people: People
  readonly place: Place
  readonly rows: number
  /** Grants and tokens and all that belongs to them: accounts, names, indexes. */
  readonly bytesARow: number
  readonly pid: number
  write(expiring: ExpiringTokens): Promise<void>
  stop(): Promise<void>
}

/**
 * Loads a store and starts an authority on it.
 * @param postgres  where, if not in a SQLite file
 * @param core  the processor core it is held to, if any
 */
export async function startLoaded(users: number, postgres: Place['postgres'], core?: string): Promise<Loaded> {
  const place: Place = {
    folder: mkdtempSync(join(tmpdir(), 'sallyport-scale-')),
    ...(postgres === undefined ? {} : { postgres }),
  }
  const { port } = await freePorts(['port'])
  const people = await loadPeople(place, users, port)
  const bytes = await bytesOf(place)
  const words = [process.execPath, join(import.meta.dirname, 'stored-authority.ts'), JSON.stringify({ place, port })]
  const [program = '', ...rest] = core === undefined ? words : ['taskset', '-c', core, ...words]
  const child = spawn(program, rest, { stdio: ['pipe', 'pipe', 'inherit'] })
  await nextLine(child)
  const rows = users * rowsOfUser
  return {
    people,
    place,
    rows,
    bytesARow: Math.round(bytes / rows),
    pid: child.pid ?? 0,
    async write(expiring) {
      child.stdin.write(`${JSON.stringify(expiring)}\n`)
      await nextLine(child)
    },
    async stop() {
      if (child.exitCode === null && child.signalCode === null) {
        const ended = once(child, 'exit')
        child.kill('SIGTERM')
        const force = setTimeout(() => child.kill('SIGKILL'), endMs)
        await ended
        clearTimeout(force)
      }
      rmSync(place.folder, { recursive: true })
    },
  }
}

async function nextLine(child: ChildProcess): Promise<void> {
  if (child.stdout === null) throw new Error('the output of the authority is not read')
  const lines = createInterface(child.stdout)
  const ended = once(child, 'exit').then(() => assert.fail('the authority ended'))
  await Promise.race([once(lines, 'line'), ended])
  lines.close()
}

/** Uses what was loaded as its owners would: nothing of it is there for show. */
export async function useSome({ people }: Loaded): Promise<void> {
  const { users } = people
  for (const user of new Set([0, Math.floor(users / 3), users - 1])) {
    const told = await people.ask('/introspect', { token: people.accessToken(user) })
    assert.deepEqual([told.status, told.json.active, told.json.scope], [200, true, 'read:orders'], told.text)
    const asked = { grant_type: 'refresh_token', refresh_token: people.refreshToken(user) }
    const first = await people.ask('/token', asked)
    assert.equal(first.status, 200, first.text)
    const again = await people.ask('/token', asked)
    assert.equal(again.json.refresh_token, first.json.refresh_token, 'a lost answer is given again')
  }
  const signedIn = await people.signIn(users - 1)
  assert.equal(signedIn.status, 200, signedIn.text)
}

/** Waits until nothing is left that expired by `before`. @returns what is left after `seconds` */
export async function sweptBy(place: Place, before: number, seconds: number): Promise<number> {
  for (const until = performance.now() + seconds * 1000; performance.now() < until; ) {
    if ((await countExpired(place, before)) === 0) return 0
    await pause(20)
  }
  return countExpired(place, before)
}
