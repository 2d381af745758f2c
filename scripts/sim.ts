/**
 * Deterministic simulation of the authority: `npm run sim -- [--seed N] [--steps M]`. Seeds are printed; the one that fails
 * shows the same failure again, whatever the machine.
 */
import { parseArgs } from 'node:util'
import { simulate, stepsPerWorld } from '../tests/simulation/run.ts'

const { values } = parseArgs({
  options: { seed: { type: 'string' }, steps: { type: 'string', default: '1000000' } },
})
const seed = Number(values.seed ?? Math.floor(Date.now() / 1000))
const steps = Number(values.steps)
if (!Number.isSafeInteger(seed) || !Number.isSafeInteger(steps) || steps < 1) {
  process.stderr.write('usage: npm run sim -- [--seed N] [--steps M], whole numbers\n')
  process.exit(2)
}

process.stdout.write(`seed ${seed}, ${steps} steps\n`)
const begun = performance.now()
const run = await simulate(seed, steps)
const seconds = ((performance.now() - begun) / 1000).toFixed(1)
process.stdout.write(
  `${run.steps} steps in ${run.worlds} worlds, seeds ${seed} to ${seed + run.worlds - 1}: ` +
    `${run.simulatedHours.toFixed(1)} simulated hours in ${seconds} s\n`,
)
for (const [what, count] of Object.entries(run.counts).sort()) process.stdout.write(`  ${what}: ${count}\n`)
if (run.failure !== undefined) {
  const { error, trace, seed: failed } = run.failure
  process.stdout.write(`${trace.join('\n')}\n\nseed ${failed}: ${error instanceof Error ? error.stack : error}\n`)
  process.stdout.write(`again: npm run sim -- --seed ${failed} --steps ${stepsPerWorld}\n`)
  process.exitCode = 1
}
