import { rmSync } from 'node:fs'
import type { Home } from './home.ts'
import { readJsonFile, writePrivateFile } from './private-file.ts'

/** What the serving process says about itself, for the commands that talk to it. */
export interface Running {
  readonly pid: number
  readonly issuer: string
  /** Part to public address. */
  readonly addresses: Readonly<Record<string, string>>
  /** Part to the address that this process itself answers at. */
  readonly listening: Readonly<Record<string, string>>
  /** What it keeps where. */
  readonly stores: Readonly<Record<string, string>>
  /** Unix seconds. */
  readonly started_at: number
}

export const writeRunning = (home: Home, running: Running): void =>
  writePrivateFile(home.running, `${JSON.stringify(running, undefined, 2)}\n`)

export const removeRunning = (home: Home): void => rmSync(home.running, { force: true })

/** What runs from this home, as far as it said so; `undefined` when nothing did or the file is not readable. */
export function readRunning(home: Home): Running | undefined {
  try {
    const value = readJsonFile(home.running)
    return isRunning(value) ? value : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

function isRunning(value: unknown): value is Running {
  if (typeof value !== 'object' || value === null) return false
  return (
    'pid' in value &&
    typeof value.pid === 'number' &&
    'issuer' in value &&
    typeof value.issuer === 'string' &&
    'addresses' in value &&
    typeof value.addresses === 'object' &&
    value.addresses !== null &&
    'listening' in value &&
    typeof value.listening === 'object' &&
    'stores' in value &&
    typeof value.stores === 'object' &&
    'started_at' in value &&
    typeof value.started_at === 'number'
  )
}
