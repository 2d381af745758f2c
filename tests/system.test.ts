import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { eventually } from './eventually.ts'

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
  await eventually(() => !isRunning(pid), 'the system is gone')
  await eventually(async () => !(await answers(ordersApi)), 'its orders API is gone')
  await eventually(() => !existsSync(home), 'its home is gone')
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
