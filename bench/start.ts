import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { DemoFile } from '../packages/sallyport/src/demo/demo-file.ts'
import { newInstallation, type Started } from './sides/installation.ts'
import { spread } from './sides/spread.ts'

const ROUNDS = 5
const QUESTIONS = [
  { question: 'demo, first start', authorityAlone: false, limitSeconds: 5 },
  { question: 'demo, later start', authorityAlone: false, limitSeconds: 2 },
  { question: 'authority alone, first start', authorityAlone: true, limitSeconds: 5 },
  { question: 'authority alone, later start', authorityAlone: true, limitSeconds: 1 },
] as const

/** How long `npm start` takes until it is ready, and until a client of the demo has its first token. */
export default async function run(): Promise<object> {
  const installation = newInstallation()
  const measured = QUESTIONS.map(each => ({ ...each, ready: [] as number[], token: [] as number[] }))
  try {
    for (let round = 0; round < ROUNDS; round += 1) {
      installation.empty()
      for (const each of measured) {
        const started = await installation.start({ authorityAlone: each.authorityAlone, through: 'npm' })
        each.ready.push(hundredths(started.readySeconds))
        if (!each.authorityAlone) each.token.push(hundredths(await firstToken(started)))
        await started.stop()
      }
    }
  } finally {
    installation.remove()
  }
  return {
    unit: 'seconds from the command',
    rounds: ROUNDS,
    results: measured.map(({ question, limitSeconds, ready, token }) => ({
      question,
      limitSeconds,
      ready: spread(ready),
      ...(token.length === 0 ? {} : { firstToken: spread(token) }),
    })),
  }
}

async function firstToken({ home, issuer, startedAt }: Started): Promise<number> {
  const demo: DemoFile = JSON.parse(readFileSync(join(home, 'demo.json'), 'utf8'))
  const nightly = demo.clients.find(client => client.client_id === 'nightly')
  const answer = await fetch(`${issuer}/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`nightly:${nightly?.client_secret}`)}` },
    body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'read:orders', resource: demo.orders_api }),
  })
  if (!answer.ok) throw new Error(`no token: ${answer.status} ${await answer.text()}`)
  return (performance.now() - startedAt) / 1000
}

function hundredths(seconds: number): number {
  return Math.round(seconds * 100) / 100
}
