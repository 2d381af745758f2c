import { readFileSync } from 'node:fs'
import { type Invocation, operand } from '../command-line/command.ts'

/** The token operand; `-` reads standard input, so that it stands in no list of processes. */
export function presentedToken(invocation: Invocation): string {
  const given = operand(invocation, 'token')
  return given === '-' ? readFileSync(0, 'utf8').trim() : given
}
