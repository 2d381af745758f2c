import { openManagement } from '../client/management.ts'
import { flag, type Invocation, type Outcome } from '../command-line/command.ts'
import { shownTime } from '../command-line/render.ts'
import type { Terminal } from '../command-line/terminal.ts'

export async function run(invocation: Invocation, terminal: Terminal): Promise<Outcome> {
  const alg = flag(invocation, 'alg')
  const { body } = await (await openManagement(invocation, terminal)).post(
    '/keys/rotate',
    alg === undefined ? {} : { alg },
  )
  const keys = Array.isArray(body.items) ? body.items.map(each => Object(each)) : []
  const signing = keys.find(key => key.kid === body.kid)
  const former = keys.filter(key => key.alg === signing?.alg && key.state === 'retired').at(-1)
  const rest = former === undefined ? '' : `, ${short(former.kid)} verifies until ${shownTime(former.verifies_until)}`
  return { text: `${short(body.kid)} signs now${rest}. No restart.`, data: body }
}

const short = (kid: unknown): string => String(kid).slice(0, 12)
