import { type PageForm, pageForms } from '../../packages/sallyport/src/client/page.ts'
import { exchange, type Reply, type Sent } from '../exchange.ts'
import type { Person } from '../user-agent.ts'

const hopsMax = 20

export interface Visited extends Reply {
  readonly url: string
  readonly forms: readonly PageForm[]
}

/**
 * A browser whose cookies a test may read, plant and take away, and that follows no redirect unless told. Cookies are kept
 * by name alone: every listener of a system is on one host, and browsers send a host's cookies to all of its ports.
 */
export class Browser {
  readonly cookies = new Map<string, string>()
  /** Every `Set-Cookie` line that it ever got. */
  readonly lines: string[] = []

  /** One request, as this browser's own page or address bar would send it, with the headers given instead of the usual. */
  async ask(url: string, sent: Sent = {}): Promise<Visited> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const headers = { accept: 'text/html', ...(cookie === '' ? {} : { cookie }), ...sent.headers }
    const reply = await exchange(url, { ...sent, headers })
    for (const line of reply.headers['set-cookie'] ?? []) this.#keep(line)
    return { ...reply, url, forms: pageForms(reply.text) }
  }

  /** Follows redirects until a page, or until one leads to `until`, which is not opened. */
  async go(url: string, until?: string): Promise<Visited> {
    let at = await this.ask(url)
    for (let hops = 0; hops < hopsMax; hops += 1) {
      const { location } = at.headers
      if (location === undefined) return at
      const next = new URL(location, at.url).href
      if (until !== undefined && next.startsWith(until)) return { ...at, url: next }
      at = await this.ask(next)
    }
    throw new Error(`too many redirects, the last from ${at.url}`)
  }

  /** Fills in sign-in and consent until there is neither, or until a redirect leads to `until`. */
  async signIn(url: string, person: Person, until?: string): Promise<Visited> {
    let at = await this.go(url, until)
    for (let pages = 0; pages < hopsMax; pages += 1) {
      const login = at.forms.find(({ fields }) => fields.has('password'))
      const consent = at.forms.find(({ buttons }) => buttons.some(({ value }) => value === 'allow'))
      if (at.status >= 300 || (login === undefined && consent === undefined)) return at
      const answers = login === undefined ? { answer: 'allow' } : { ...person }
      const sent = await this.submit(at, login ?? consent, answers)
      const { location } = sent.headers
      if (location === undefined) return sent
      const next = new URL(location, sent.url).href
      if (until !== undefined && next.startsWith(until)) return { ...sent, url: next }
      at = await this.go(next, until)
    }
    throw new Error(`no end of pages at ${at.url}`)
  }

  /** Sends a form of a page as that page would, or with other headers. */
  submit(page: Visited, form: PageForm | undefined, answers: object, headers: Sent['headers'] = {}): Promise<Visited> {
    if (form === undefined) throw new Error(`${page.url} has no such form`)
    const { origin } = new URL(page.url)
    const usual = { origin, 'sec-fetch-site': 'same-origin' }
    const body = new URLSearchParams(Object.entries({ ...Object.fromEntries(form.fields), ...answers }))
    return this.ask(new URL(form.action, page.url).href, { method: 'POST', headers: { ...usual, ...headers }, body })
  }

  #keep(line: string): void {
    this.lines.push(line)
    const [pair = '', ...attributes] = line.split(';')
    const at = pair.indexOf('=')
    const over = attributes.some(attribute => /^\s*max-age=0\s*$/i.test(attribute))
    if (over) this.cookies.delete(pair.slice(0, at))
    else this.cookies.set(pair.slice(0, at), pair.slice(at + 1))
  }
}
