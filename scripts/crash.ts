/**
 * Kills the started system at work, and Postgres and Redis under it, and holds it to what it acknowledged:
 * `npm run crash [-- kills]`, 200 of each unless told otherwise. Writes bench/results/crash.json.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { loadavg } from 'node:os'
import { join, resolve } from 'node:path'
import { crash } from '../tests/crash/crash.ts'
import { crashService } from '../tests/crash/crash-services.ts'
import type { CrashReport } from '../tests/crash/report.ts'
import { commit, machine } from './measured.ts'

const root = resolve(import.meta.dirname, '..')
const backWithinMs = 2000
const kills = Number(process.argv[2] ?? 200)
if (!Number.isSafeInteger(kills) || kills < 1) {
  process.stderr.write('usage: npm run crash [-- kills]\n')
  process.exit(2)
}

const begun = new Date()
const measured = commit(root)
const telling = (what: string) => (done: number) => {
  if (done % 10 === 0 || done === kills) process.stdout.write(`${what}: ${done} of ${kills} kills\n`)
}
/** By what was killed. */
const results = {
  sallyport: await crash(kills, telling('sallyport')),
  postgres: await crashService('postgres', kills, telling('postgres')),
  redis: await crashService('redis', kills, telling('redis')),
}
const record = {
  name: 'crash',
  date: begun.toISOString(),
  commit: measured,
  machine: machine(),
  /** Of the last quarter of an hour: how much else the machine had to do. */
  loadAverage: loadavg()[2],
  backWithinMs,
  results,
}
const text = `${JSON.stringify(record, null, 2)}\n`
mkdirSync(join(root, 'bench/results'), { recursive: true })
writeFileSync(join(root, 'bench/results/crash.json'), text)
process.stdout.write(text)
const isRight = ({ lost, usedTwice, backMs }: CrashReport) =>
  lost.length + usedTwice.length === 0 && backMs.most <= backWithinMs
process.exitCode = Object.values(results).every(isRight) ? 0 : 1
