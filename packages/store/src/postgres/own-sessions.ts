import { StoreError } from '../store-error.ts'
import { Link } from './link.ts'
import { storeErrorOfPostgres } from './postgres-errors.ts'

/** How often each is asked, so that what other clients of a pooler do meanwhile hides nothing. */
const ROUNDS = 3

/**
 * A connection needs a session of the server to itself: its settings, its prepared statements and what it listens to are
 * there. A pooler that pools by transaction or by statement gives a session to whoever asks next, so two connections meet
 * in one, or one moves. Not asked of a server that answers itself: it names the very session.
 *
 * @throws StoreError `cannot_open`, `unreachable`
 */
export async function checkOwnSessions(url: string): Promise<void> {
  const [one, other] = [new Link(url, { asItIs: true }), new Link(url, { asItIs: true })]
  try {
    const own = await sessionOf(one)
    if (own === (await one.namedSession())) return
    for (let round = 0; round < ROUNDS; round += 1) {
      // Twice and then the other: a pooler gives out what was last given back, or what was given back longest ago.
      const isOwn = own === (await sessionOf(one)) && own === (await sessionOf(one)) && own !== (await sessionOf(other))
      if (!isOwn) throw sharedSession(one.where)
    }
  } finally {
    await Promise.all([one.close(), other.close()])
  }
}

/** Process id of the session that answers. */
async function sessionOf(link: Link): Promise<string> {
  try {
    const [row] = await link.script('SELECT pg_backend_pid() AS session')
    return row?.session ?? ''
  } catch (error) {
    throw storeErrorOfPostgres(error, link.where)
  }
}

function sharedSession(where: string): StoreError {
  const problem = `${where} is behind a pooler that hands sessions on between transactions (pooling by transaction or statement).`
  const hint = "Let it pool by session (PgBouncer: pool_mode = session), or name the server's own address."
  return new StoreError('cannot_open', problem, hint)
}
