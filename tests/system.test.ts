import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'

/** A test that starts the system, says where, and is killed before it can stop it. */
const dying = `
  import { startSystem } from ${JSON.stringify(join(import.meta.dirname, 'system.ts'))}
  const system = await startSystem()
  console.log(JSON.stringify({ pid: system.child.pid, home: system.home, ordersApi: system.ordersApi }))
  setTimeout(() => undefined, 60_000)
`

test('the system of a test that is killed ends with it, its orders API too, and its home is removed', async () => {
  const script = spawn(process.execPath, ['--input-type=module', '-e', dying], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = await once(script.stdout, 'data')
  const { pid, home, ordersApi } = JSON.parse(String(line))
  assert.equal(isRunning(pid), true)
  script.kill('SIGKILL')
  const endsAt = performance.now() + 10_000
  const isGone = async () => !isRunning(pid) && !existsSync(home) && !(await answers(ordersApi))
  while (!(await isGone()) && performance.now() < endsAt) await pause(50)
  assert.deepEqual([isRunning(pid), existsSync(home), await answers(ordersApi)], [false, false, false])
})

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

const answers = (url: string): Promise<boolean> =>
  fetch(url).then(
    () => true,
    () => false,
  )
