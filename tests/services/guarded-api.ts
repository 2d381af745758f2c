import type { TestContext } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { guard } from '@sallyport/guard/fetch'
import type { RunningSystem } from '../system.ts'

/** An API whose guard hears of revocations from one authority alone. @returns the status that a token gets there */
export function apiOn(t: TestContext, { issuer, resources }: RunningSystem, authority: string) {
  const { inside } = resources
  const protect = guard({
    issuer,
    resource: inside,
    jwksUrl: `${authority}/jwks`,
    revocation: { url: `${authority}/revocations` },
  })
  t.after(() => protect.close())
  const list = protect('read:orders')
  const serve = protect.serve(async request => Response.json({ subject: (await list(request)).caller.subject }))
  return async (token: string) => {
    await nextTurn() // a token that is remembered is judged without one, and the feed would never be heard
    const headers = { authorization: `Bearer ${token}` }
    return (await serve(new Request(`${inside}/orders`, { headers }))).status
  }
}
