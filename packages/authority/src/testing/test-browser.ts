import type { FastifyInstance } from 'fastify'

export interface BrowserAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: string
  /** `Location`, absolute. */
  readonly location: string | undefined
}

/** A browser without scripts for handler tests: cookies, forms, redirects, and the headers by which a browser says who asks. */
export class TestBrowser {
  readonly cookies = new Map<string, string>()
  readonly #app: FastifyInstance
  readonly #origin: string

  constructor(app: FastifyInstance, issuer: string) {
    this.#app = app
    this.#origin = new URL(issuer).origin
  }

  async get(path: string): Promise<BrowserAnswer> {
    return this.#send('GET', path, { 'sec-fetch-site': 'none' })
  }

  /** Sends a form as a page of ours would, or with other headers, as somebody else's page would. */
  async post(
    path: string,
    fields: Readonly<Record<string, string>>,
    headers?: Readonly<Record<string, string>>,
  ): Promise<BrowserAnswer> {
    const own = { origin: this.#origin, 'sec-fetch-site': 'same-origin' }
    const type = { 'content-type': 'application/x-www-form-urlencoded' }
    return this.#send('POST', path, { ...type, ...(headers ?? own) }, new URLSearchParams(fields).toString())
  }

  /** Follows our own redirects; stops at a page, or at a redirect to somewhere else. */
  async follow(answer: BrowserAnswer): Promise<BrowserAnswer> {
    let at = answer
    for (let hops = 0; hops < 10 && at.location?.startsWith(`${this.#origin}/`); hops += 1)
      at = await this.get(at.location.slice(this.#origin.length))
    return at
  }

  async open(path: string): Promise<BrowserAnswer> {
    return this.follow(await this.get(path))
  }

  /** Fills in and sends the form of a page whose action ends with `action`. */
  async submit(
    page: BrowserAnswer,
    action: string,
    fields: Readonly<Record<string, string>> = {},
  ): Promise<BrowserAnswer> {
    const form = formOf(page.body, action)
    return this.follow(await this.post(form.action, { ...form.fields, ...fields }))
  }

  async #send(
    method: 'GET' | 'POST',
    path: string,
    headers: Readonly<Record<string, string>>,
    payload?: string,
  ): Promise<BrowserAnswer> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const url = path.startsWith('http') ? path.slice(this.#origin.length) : path
    const response = await this.#app.inject({
      method,
      url,
      headers: { accept: 'text/html', host: new URL(this.#origin).host, ...headers, ...(cookie !== '' && { cookie }) },
      ...(payload !== undefined && { payload }),
    })
    for (const line of [response.headers['set-cookie'] ?? []].flat()) this.#keep(line)
    const { location } = response.headers
    return {
      status: response.statusCode,
      headers: response.headers,
      body: response.body,
      location: location === undefined ? undefined : new URL(location, this.#origin).href,
    }
  }

  #keep(line: string): void {
    const [name, value] = (line.split(';')[0] ?? '').split('=')
    if (name === undefined || value === undefined) return
    if (/max-age=0(;|$)/i.test(line)) this.cookies.delete(name)
    else this.cookies.set(name, value)
  }
}

/** A form's address and hidden fields, as the page has them. */
export function formOf(
  page: string,
  action: string,
): { readonly action: string; readonly fields: Record<string, string> } {
  for (const [, attributes = '', content = ''] of page.matchAll(/<form([^>]*)>(.*?)<\/form>/gs)) {
    const target = unescaped(/action="([^"]*)"/.exec(attributes)?.[1] ?? '')
    if (!target.endsWith(action)) continue
    const fields: Record<string, string> = {}
    for (const [input] of content.matchAll(/<input[^>]*>/g)) {
      const name = /name="([^"]*)"/.exec(input)?.[1]
      if (name !== undefined && input.includes('value="'))
        fields[name] = unescaped(/value="([^"]*)"/.exec(input)?.[1] ?? '')
    }
    return { action: target, fields }
  }
  throw new Error(`no form to ${action} on ${/<title>([^<]*)/.exec(page)?.[1]}`)
}

const unescaped = (text: string): string => text.replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code)))

export const titleOf = (page: BrowserAnswer): string => unescaped(/<title>([^<]*)/.exec(page.body)?.[1] ?? '')
