import { randomInt } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { tokenRequest } from '../code-flow.ts'
import { sallyport } from '../command-line.ts'
import { eventually } from '../eventually.ts'
import { freePorts } from '../free-ports.ts'
import { type RunningSystem, startSystem } from '../system.ts'
import { UserAgent } from '../user-agent.ts'
import { type Acknowledged, nothingAcknowledged } from './acknowledged.ts'
import { load, signIn } from './load.ts'
import { type Findings, verify, verifyTrail } from './verify.ts'

const leastLoadMs = 60
const mostLoadMs = 600

export interface CrashReport {
  readonly kills: number
  readonly acknowledged: Readonly<Record<'codes' | 'refreshes' | 'clientCredentials' | 'revocations', number>>
  /** Requests that the kills left without an answer. */
  readonly unanswered: number
  readonly lost: readonly string[]
  readonly usedTwice: readonly string[]
  /** From the new process to its first token, milliseconds. */
  readonly backMs: { readonly median: number; readonly ninetieth: number; readonly most: number }
}

/**
 * Kills the started system (SIGKILL) again and again while it is at work, starts it again from the same data, and holds it
 * to what it acknowledged.
 *
 * @param tell  hears after each kill how many are done
 */
export async function crash(kills: number, tell: (done: number) => void = () => undefined): Promise<CrashReport> {
  const home = mkdtempSync(join(tmpdir(), 'sallyport-crash-'))
  const ports = await freePorts(['authority', 'gateway', 'gatewayTls', 'app', 'ordersApi'])
  const agent = new UserAgent()
  const all: Acknowledged[] = []
  const findings: Findings = { lost: [], usedTwice: [] }
  const backMs: number[] = []
  let system: RunningSystem | undefined
  try {
    system = await startSystem({ home, ports })
    await signIn(system, agent)
    for (let done = 0; done < kills; done += 1) {
      const known = nothingAcknowledged()
      all.push(known)
      await killAtWork(system, agent, known, () => done + 1 < kills || isShown(all))
      const begun = performance.now()
      system = await startSystem({ home, ports })
      await firstToken(system)
      backMs.push(Math.round(performance.now() - begun))
      await verify(system, known, findings)
      tell(done + 1)
    }
    await sallyport(system, 'audit', 'verify')
  } finally {
    await system?.stop()
    verifyTrailOf(home, all, findings)
    rmSync(home, { recursive: true, force: true })
  }
  return { kills, ...summed(all), ...findings, backMs: spread(backMs) }
}

function verifyTrailOf(home: string, all: readonly Acknowledged[], findings: Findings): void {
  if (all.length > 0) verifyTrail(home, all, findings)
}

/** Whether there is something of each kind to hold the system to. */
const isShown = (all: readonly Acknowledged[]): boolean =>
  Object.values(summed(all).acknowledged).every(count => count > 0)

/** @param mayDie  nobody kills before it is so */
async function killAtWork(system: RunningSystem, agent: UserAgent, known: Acknowledged, mayDie: () => boolean) {
  const on = { isOn: true }
  const kill = async (): Promise<void> => {
    await wait(randomInt(leastLoadMs, mostLoadMs))
    await eventually(mayDie, 'something of each kind is acknowledged')
    on.isOn = false
    system.child.kill('SIGKILL')
    await system.ended
  }
  await Promise.all([load(system, agent, known, on), kill()])
}

async function firstToken(system: RunningSystem): Promise<void> {
  const parameters = { grant_type: 'client_credentials', resource: system.resources.outside }
  const reply = await tokenRequest(system, 'nightly', parameters)
  if (reply.status !== 200) throw new Error(`no token after the restart: ${reply.status} ${reply.text}`)
}

function summed(all: readonly Acknowledged[]): Pick<CrashReport, 'acknowledged' | 'unanswered'> {
  const total = (count: (known: Acknowledged) => number): number => all.reduce((sum, known) => sum + count(known), 0)
  return {
    acknowledged: {
      codes: total(({ families }) => families.length),
      refreshes: total(({ refreshes }) => refreshes),
      clientCredentials: total(({ machineTokens, revokedTokens }) => machineTokens.length + revokedTokens.length),
      revocations: total(
        ({ families, revokedTokens }) =>
          families.filter(({ revocation }) => revocation === 'acknowledged').length + revokedTokens.length,
      ),
    },
    unanswered: total(({ unanswered }) => unanswered),
  }
}

function spread(values: readonly number[]): CrashReport['backMs'] {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (part: number): number => sorted[Math.floor(sorted.length * part)] ?? 0
  return { median: at(0.5), ninetieth: at(0.9), most: sorted.at(-1) ?? 0 }
}
