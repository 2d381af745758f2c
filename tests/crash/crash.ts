import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { tokenRequest } from '../code-flow.ts'
import { sallyport } from '../command-line.ts'
import { freePorts } from '../free-ports.ts'
import { type RunningSystem, startSystem } from '../system.ts'
import { UserAgent } from '../user-agent.ts'
import { type Acknowledged, nothingAcknowledged } from './acknowledged.ts'
import { atWork, signIn } from './load.ts'
import { type CrashReport, isShown, spread, summed } from './report.ts'
import { type Findings, verify, verifyTrail } from './verify.ts'

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
      const running = system
      await atWork(
        system,
        agent,
        known,
        () => done + 1 < kills || isShown(all),
        async () => {
          running.child.kill('SIGKILL')
          await running.ended
        },
      )
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
  if (all.length > 0) verifyTrail(readFileSync(join(home, 'audit.log'), 'utf8').split('\n'), all, findings)
}

async function firstToken(system: RunningSystem): Promise<void> {
  const parameters = { grant_type: 'client_credentials', resource: system.resources.outside }
  const reply = await tokenRequest(system, 'nightly', parameters)
  if (reply.status !== 200) throw new Error(`no token after the restart: ${reply.status} ${reply.text}`)
}
