import { spawn } from 'node:child_process'
import { once } from 'node:events'

/**
 * Measures while nobody else on this machine does: holds a lock on the file that `BENCH_LOCK` names, if it names one. What
 * takes long and is not measured, such as filling a store, is done before.
 */
export async function alone<T>(measure: () => Promise<T>): Promise<T> {
  const file = process.env.BENCH_LOCK
  if (file === undefined) return measure()
  const holder = spawn('flock', [file, 'sh', '-c', 'echo held; cat'], { stdio: ['pipe', 'pipe', 'inherit'] })
  await once(holder.stdout, 'data')
  try {
    return await measure()
  } finally {
    holder.stdin.end()
    await once(holder, 'close')
  }
}
