import { generateSigningKey } from '@sallyport/credentials'
import { createSealer, openMasterKey, openPostgresStore } from '@sallyport/store'
import { proofOf } from '../code-flow.ts'
import { eventually } from '../eventually.ts'
import { type Installation, install } from '../services/machines.ts'
import { startPostgres } from '../services/postgres.ts'
import { startRedis } from '../services/redis.ts'
import type { RunningSystem } from '../system.ts'
import { UserAgent } from '../user-agent.ts'
import { type Acknowledged, nothingAcknowledged } from './acknowledged.ts'
import { atWork, provenRequest, signIn } from './load.ts'
import { type CrashReport, isShown, spread, summed } from './report.ts'
import { type Findings, verify, verifyTrail } from './verify.ts'

export type KilledService = 'postgres' | 'redis'

/**
 * Kills Postgres or Redis (SIGKILL) again and again under an authority at work, which goes on running, starts it again and
 * holds the authority to what it acknowledged.
 *
 * @param tell  hears after each kill how many are done
 */
export async function crashService(
  killed: KilledService,
  kills: number,
  tell: (done: number) => void = () => undefined,
): Promise<CrashReport> {
  const [postgres, redis] = await Promise.all([startPostgres(), startRedis(['--maxmemory-policy', 'noeviction'])])
  const service = killed === 'postgres' ? postgres : redis
  const all: Acknowledged[] = []
  const findings: Findings = { lost: [], usedTwice: [] }
  const backMs: number[] = []
  let installation: Installation | undefined
  try {
    installation = await install({ postgres: postgres.url, redis: redis.url })
    const { first: system } = installation
    const agent = new UserAgent()
    await signIn(system, agent)
    for (let done = 0; done < kills; done += 1) {
      const known = nothingAcknowledged()
      all.push(known)
      await atWork(
        system,
        agent,
        known,
        () => done + 1 < kills || isShown(all),
        () => service.kill(),
      )
      await service.start()
      backMs.push(await firstToken(system))
      await verify(system, known, findings)
      tell(done + 1)
    }
    verifyTrail(await trailOf(postgres.url, installation), all, findings)
  } finally {
    await installation?.stop()
    await Promise.all([postgres.stop(), redis.stop()])
  }
  return { kills, ...summed(all), ...findings, backMs: spread(backMs) }
}

/** Milliseconds until a token is given to who comes with a proof: that takes Postgres and Redis. */
async function firstToken(system: RunningSystem): Promise<number> {
  const begun = performance.now()
  const key = generateSigningKey('ES256')
  const isGiven = async () => {
    const { status } = await provenRequest(system, proofOf(key, { htm: 'POST', htu: `${system.issuer}/token` }))
    return status === 200
  }
  await eventually(isGiven, 'a token is given')
  return Math.round(performance.now() - begun)
}

async function trailOf(url: string, { environment, first }: Installation): Promise<readonly string[]> {
  const nowSeconds = () => Math.floor(Date.now() / 1000)
  const sealer = createSealer(openMasterKey({ home: first.home, environment }), 'authority')
  const store = await openPostgresStore({ url, nowSeconds, sealer, sealedKinds: ['signing-key'] })
  try {
    const lines: string[] = []
    for await (const line of store.audit.lines()) lines.push(Buffer.from(line).toString('utf8').trimEnd())
    return lines
  } finally {
    await store.close()
  }
}
