import type { Outcome } from '../command-line/command.ts'
import { configurationReference } from '../configuration/reference.ts'

export async function run(): Promise<Outcome> {
  const text = configurationReference()
  return { text, data: { markdown: text } }
}
