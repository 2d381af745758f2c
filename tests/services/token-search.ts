import { setTimeout } from 'node:timers/promises'
import type { BrowserContext, Page, Request, Response } from 'playwright-core'

/** Our opaque tokens and client secrets, and anything that looks like a JWT. */
const tokenShapes = [/sp_(?:at|rt|cs)_[0-9A-Za-z]{20,}/, /eyJ[\w-]{8,}\.eyJ[\w-]{8,}\./]

const bodyMs = 5000

/** Where a token was found, by the place's name. */
export type Found = readonly string[]

/** Everything that goes between a browser and the network, from now on, pages of all origins included. */
export function recordTraffic(context: BrowserContext) {
  const seen: { readonly place: string; readonly text: string }[] = []
  const pending: Promise<void>[] = []
  const note = (place: string, text: string) => seen.push({ place, text })
  const onRequest = async (request: Request): Promise<void> => {
    const url = request.url()
    note(`request ${url}`, `${url}\n${JSON.stringify(await request.allHeaders())}\n${request.postData() ?? ''}`)
  }
  const onResponse = async (response: Response): Promise<void> => {
    const url = response.url()
    note(`response headers ${url}`, JSON.stringify(await response.headersArray()))
    // A redirect has no body to read.
    if (response.status() >= 300 && response.status() <= 399) return
    note(`response body ${url}`, await Promise.race([response.text(), lost()]))
  }
  // A page that navigates away takes its unread answers with it.
  const keep = (work: Promise<void>) => void pending.push(work.catch(cause => void note('unread', String(cause))))
  context.on('request', request => keep(onRequest(request)))
  context.on('response', response => keep(onResponse(response)))
  return {
    /** How many messages were read whole. */
    count: () => seen.filter(({ place }) => place.startsWith('response body')).length,
    async search(secrets: readonly string[]): Promise<Found> {
      await Promise.all(pending)
      return seen.filter(({ text }) => holds(text, secrets)).map(({ place }) => place)
    },
  }
}

/** Every place where a script, or somebody at this browser, could find a token: storage, cookies, DOM, history, the whole JavaScript heap. */
export async function searchPage(page: Page, secrets: readonly string[]): Promise<Found> {
  const places: Readonly<Record<string, string>> = {
    ...(await storage(page)),
    dom: await page.content(),
    'script-visible cookies': await page.evaluate(() => document.cookie),
    cookies: JSON.stringify(await page.context().cookies()),
    history: await visited(page),
    heap: await heap(page),
  }
  return Object.entries(places).flatMap(([place, text]) => (holds(text, secrets) ? [place] : []))
}

/** The body of an answer whose page has gone is never told. */
async function lost(): Promise<never> {
  await setTimeout(bodyMs, undefined, { ref: false })
  throw new Error('the body did not arrive')
}

const holds = (text: string, secrets: readonly string[]): boolean =>
  tokenShapes.some(shape => shape.test(text)) || secrets.some(secret => text.includes(secret))

async function storage(page: Page): Promise<Record<string, string>> {
  return page.evaluate(async () => {
    const cached = await Promise.all(
      (await caches.keys()).map(async name => {
        const cache = await caches.open(name)
        const bodies = (await cache.matchAll()).map(answer => answer.text())
        return `${name} ${(await Promise.all(bodies)).join('\n')}`
      }),
    )
    const databases = await indexedDB.databases()
    if (databases.length > 0) throw new Error(`there is a database to search: ${JSON.stringify(databases)}`)
    return {
      localStorage: JSON.stringify({ ...localStorage }),
      sessionStorage: JSON.stringify({ ...sessionStorage }),
      'window.name': window.name,
      'history.state': JSON.stringify(history.state),
      caches: cached.join('\n'),
    }
  })
}

async function visited(page: Page): Promise<string> {
  const session = await page.context().newCDPSession(page)
  const { entries } = await session.send('Page.getNavigationHistory')
  await session.detach()
  return JSON.stringify(entries)
}

/** All strings that live in the page's JavaScript heap, private variables of modules included. */
async function heap(page: Page): Promise<string> {
  const session = await page.context().newCDPSession(page)
  const chunks: string[] = []
  session.on('HeapProfiler.addHeapSnapshotChunk', ({ chunk }) => chunks.push(chunk))
  await session.send('HeapProfiler.takeHeapSnapshot', { reportProgress: false })
  await session.detach()
  return chunks.join('')
}
