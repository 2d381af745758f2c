import { networkOf } from '@sallyport/server'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { AuthorityContext } from '../context.ts'
import { issuerPath } from '../metadata.ts'
import { type FeedListener, type FeedResume, openRevocationFeed, type RevocationFeed } from '../revocation-feed.ts'

const heartbeatMs = 500
/** A listener further behind than this is cut off and comes back for a snapshot. */
const maxBufferedBytes = 4 * 1024 * 1024

/** A quarter of all places: whoever opens connections and keeps them leaves room for the guards of other networks. */
const placesPerNetwork = 250

/**
 * The feed over HTTP: a response that does not end, one signed message a line. Everybody may listen, as everybody may read
 * the keys: entries name nothing but opaque identifiers.
 */
export function registerRevocations(app: FastifyInstance, context: AuthorityContext): void {
  const path = issuerPath(context.issuer)
  let opening: Promise<RevocationFeed> | undefined
  const feed = () => {
    opening ??= openRevocationFeed(context).catch((error: unknown) => {
      // The next listener tries again.
      opening = undefined
      throw error
    })
    return opening
  }
  const timer = setInterval(() => {
    opening?.then(open => open.beat()).catch((cause: unknown) => context.log.error('revocation_feed_failed', { cause }))
  }, heartbeatMs)
  timer.unref()
  // Before the listener waits for open answers to end: these do not end by themselves.
  app.closing.addEventListener('abort', () => {
    clearInterval(timer)
    opening?.then(
      open => open.close(),
      () => undefined,
    )
  })
  app.get(`${path}/revocations/keys`, async (_request, reply) => {
    const lines = await (await feed()).introduction()
    return reply
      .headers({ ...forAll, 'cache-control': 'no-store' })
      .type('application/x-ndjson')
      .send(`${lines.join('\n')}\n`)
  })
  const places = new Map<string, number>()
  app.get(`${path}/revocations`, { exposeHeadRoute: false }, async (request, reply) => {
    if (reply.raw.destroyed) return reply.hijack()
    const network = networkOf(request.ip)
    const taken = places.get(network) ?? 0
    if (taken >= placesPerNetwork) {
      context.log.warn('revocations_crowded', { expected: `at most ${placesPerNetwork} listeners a network`, network })
      return reply
        .code(429)
        .headers({ 'retry-after': '5', 'cache-control': 'no-store', pragma: 'no-cache' })
        .type('application/json; charset=utf-8')
        .send(JSON.stringify(tooMany))
    }
    places.set(network, taken + 1)
    reply.raw.once('close', () => {
      const left = (places.get(network) ?? 1) - 1
      if (left > 0) places.set(network, left)
      else places.delete(network)
    })
    await listen(request, reply, await feed())
  })
}

const forAll = { 'access-control-allow-origin': '*' }

const tooMany = {
  error: 'temporarily_unavailable',
  error_description: 'Too many listeners of this network. Close some, or try again shortly.',
}

async function listen(request: FastifyRequest, reply: FastifyReply, feed: RevocationFeed): Promise<void> {
  const { raw } = reply
  // Cut before the headers are written, a slow or leaving listener costs nothing.
  let leave: (() => void) | 'full' | undefined
  const listener: FeedListener = {
    send(lines) {
      if (raw.destroyed || raw.writableLength > maxBufferedBytes) return false
      raw.write(`${lines.join('\n')}\n`)
      return true
    },
    drop: () => raw.end(),
  }
  const set = Object.entries(reply.getHeaders()).filter((pair): pair is [string, string] => typeof pair[1] === 'string')
  const headers = { ...Object.fromEntries(set), 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' }
  reply.hijack()
  request.socket.setTimeout(0)
  raw.writeHead(200, { ...headers, ...forAll, 'x-accel-buffering': 'no' })
  raw.on('close', () => {
    if (typeof leave === 'function') leave()
  })
  leave = await feed.join(listener, resumeOf(request.url))
  if (leave === 'full') raw.end()
  else if (raw.destroyed) leave()
}

/** `?after=epoch.seq`; anything else begins anew. */
function resumeOf(url: string): FeedResume | undefined {
  const match = /[?&]after=([A-Za-z0-9_-]{1,64})\.(\d{1,15})(?:&|$)/.exec(url)
  return match?.[1] === undefined ? undefined : { epoch: match[1], seq: Number(match[2]) }
}
