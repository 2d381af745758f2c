import { closeSync, openSync, writeSync } from 'node:fs'

/**
 * A sink for decision lines: appends to a file that only its owner reads, or to standard error. Each line is one write, so that
 * several processes may share the file.
 *
 * @throws Error when the file cannot be opened, so at start
 */
export function openDecisionFile(path: string | undefined): (line: string) => void {
  if (path === undefined) return line => void process.stderr.write(line)
  const file = openSync(path, 'a', 0o600)
  process.once('exit', () => closeSync(file))
  return line => {
    writeSync(file, line)
  }
}
