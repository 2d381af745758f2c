import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { FreshStore } from '../contract.suite.ts'

/** What a contender is asked to do at once, this many times in parallel; it answers how many it won. */
export type Task =
  | { readonly take: { readonly tenant: string; readonly key: string; readonly count: number; readonly mark: string } }
  | { readonly claim: { readonly tenant: string; readonly hash: string; readonly count: number } }
  | { readonly append: { readonly tenant: string; readonly stream: string; readonly count: number } }

export interface Contender {
  ask(task: Task): Promise<number>
  /** Resolves when its process is gone. */
  end(): Promise<void>
}

/** Starts a real process that opens the same data. */
export async function startContender(shared: FreshStore['shared']): Promise<Contender> {
  const program = fileURLToPath(new URL('./contender-process.ts', import.meta.url))
  const child = spawn(process.execPath, [program, shared.module, shared.argument], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const gone = once(child, 'exit')
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const answer = async () => {
    const line = await lines.next()
    assert.ok(!line.done, 'the other process ended')
    return Number(line.value)
  }
  assert.equal(await answer(), 0)
  return {
    ask(task) {
      child.stdin.write(`${JSON.stringify(task)}\n`)
      return answer()
    },
    async end() {
      child.kill('SIGKILL')
      await gone
    },
  }
}
