/**
 * Kills the started system at work and holds it to what it acknowledged: `npm run crash [-- kills]`, 200 unless told
 * otherwise. Writes bench/results/crash.json. Postgres and Redis are not killed here.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { loadavg } from 'node:os'
import { join, resolve } from 'node:path'
import { crash } from '../tests/crash/crash.ts'
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
const result = await crash(kills, done => {
  if (done % 10 === 0 || done === kills) process.stdout.write(`${done} of ${kills} kills\n`)
})
const record = {
  name: 'crash',
  date: begun.toISOString(),
  commit: measured,
  machine: machine(),
  /** Of the last quarter of an hour: how much else the machine had to do. */
  loadAverage: loadavg()[2],
  backWithinMs,
  result,
}
const text = `${JSON.stringify(record, null, 2)}\n`
mkdirSync(join(root, 'bench/results'), { recursive: true })
writeFileSync(join(root, 'bench/results/crash.json'), text)
process.stdout.write(text)
process.exitCode = result.lost.length + result.usedTwice.length > 0 || result.backMs.most > backWithinMs ? 1 : 0
