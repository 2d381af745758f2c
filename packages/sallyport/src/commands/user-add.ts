import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { openManagement } from '../client/management.ts'
import { flag, flagList, type Invocation, type Outcome, operand } from '../command-line/command.ts'
import type { Terminal } from '../command-line/terminal.ts'

export async function run(invocation: Invocation, terminal: Terminal): Promise<Outcome> {
  const file = flag(invocation, 'password-file')
  const password =
    file === undefined
      ? undefined
      : readFileSync(file === '-' ? 0 : resolve(terminal.directory, file), 'utf8').replace(/\r?\n$/, '')
  const given = { name: flag(invocation, 'name'), email: flag(invocation, 'email'), password }
  const members = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
  const username = operand(invocation, 'username')
  const management = await openManagement(invocation, terminal)
  const { body } = await management.post('/users', { username, roles: flagList(invocation, 'role'), ...members })
  const link =
    typeof body.set_up_url === 'string'
      ? `\nThey choose a password or passkey here, once, within a day:\n  ${body.set_up_url}`
      : ''
  return { text: `${body.username} added (${body.id}).${link}`, data: body }
}
