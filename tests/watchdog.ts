import { type ChildProcess, spawn } from 'node:child_process'
import { Socket } from 'node:net'

/**
 * Kills a child when this process has ended, however that came about, and removes a folder of its own then: the watchdog's
 * standard input is held by us and closes with us.
 *
 * @param target  a process id, or a group's with a minus before it
 * @param folder  removed after it; none when empty
 */
export function watch(target: number, folder: string): ChildProcess {
  const script = 'cat >/dev/null; kill -s KILL -- "$0" 2>/dev/null; [ -z "$1" ] || { sleep 1; rm -rf "$1"; }'
  const watchdog = spawn('/bin/sh', ['-c', script, String(target), folder], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  watchdog.unref()
  // A killed watchdog's pipe is broken; nothing is written to it.
  watchdog.stdin.on('error', () => undefined)
  if (watchdog.stdin instanceof Socket) watchdog.stdin.unref()
  return watchdog
}
