/**
 * Loaded before each test file: ends one whose process does not end by itself, and says which and what it still held.
 * `--test-timeout` ends a single test; a file whose tests are over waits without end for whatever it left open.
 *
 * Loaded as `file-deadline.ts?seconds=…`.
 */
import { writeSync } from 'node:fs'
import { isMainThread } from 'node:worker_threads'

const seconds = Number(new URL(import.meta.url).searchParams.get('seconds'))

// The process that runs the files loads what they load.
if (process.env.NODE_TEST_CONTEXT !== undefined && isMainThread) setTimeout(giveUp, seconds * 1000).unref()

function giveUp(): void {
  const held = Map.groupBy(process.getActiveResourcesInfo(), kind => kind)
  const kinds = [...held].map(([kind, all]) => `${all.length} ${kind}`).join(', ')
  writeSync(2, `${process.argv[1]} has not ended after ${seconds} s. It holds: ${kinds}\n`)
  process.exit(1)
}
