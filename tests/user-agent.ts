import { type PageForm, pageAlert, pageForms, pageHeading } from '../packages/sallyport/src/client/page.ts'

/** A page as somebody sees it. */
export interface SeenPage {
  readonly url: URL
  readonly status: number
  readonly headers: Headers
  readonly html: string
  readonly heading: string
  readonly alert: string | undefined
  readonly forms: readonly PageForm[]
}

export interface Person {
  readonly username: string
  readonly password: string
}

const hopsMax = 20

/**
 * A person with a browser that runs no scripts: follows redirects, keeps cookies as browsers do (by host, whatever the
 * port), fills in the forms that pages have. It knows no address of the authority but those that it is led to.
 */
export class UserAgent {
  /** Host to cookies: one host's cookies reach all of its ports. */
  readonly #cookies = new Map<string, Map<string, string>>()

  /**
   * Opens an authorization request and does what the pages ask until they lead to `redirectUri`: signs in as `person`,
   * and answers the consent page with `answer`.
   *
   * @returns the redirect, with `code` or `error` in its query
   * @throws Error with the page's own words when there is no way on
   */
  async authorize(
    url: URL | string,
    redirectUri: string,
    person?: Person,
    answer: 'allow' | 'deny' = 'allow',
  ): Promise<URL> {
    let at = await this.#go(new URL(url), { method: 'GET' }, redirectUri)
    for (let pages = 0; pages < hopsMax && !(at instanceof URL); pages += 1) {
      at = await this.#fillIn(at, person, answer, redirectUri)
    }
    if (at instanceof URL) return at
    throw new Error(`no end of pages; the last is "${at.heading}"`)
  }

  /** Opens a page and goes on through sign-in and consent to the first page that asks for neither. */
  async signInTo(url: URL | string, person: Person): Promise<SeenPage> {
    let at = await this.open(url)
    for (let pages = 0; pages < hopsMax && isQuestion(at); pages += 1) {
      const next = await this.#fillIn(at, person, 'allow')
      if (next instanceof URL) break
      at = next
    }
    return at
  }

  /** Opens a page, through redirects. */
  async open(url: URL | string): Promise<SeenPage> {
    const at = await this.#go(new URL(url), { method: 'GET' })
    if (at instanceof URL) throw new Error(`${url} leads away to ${at}`)
    return at
  }

  /** Sends a form of a page with the fields it has and `fields` filled in. */
  async submit(page: SeenPage, form: PageForm, fields: Readonly<Record<string, string>> = {}): Promise<SeenPage> {
    const at = await this.#submit(page, form, fields)
    if (at instanceof URL) throw new Error(`the form leads away to ${at}`)
    return at
  }

  /** The `Cookie` header that it sends there. */
  cookiesFor(url: URL): string {
    return [...(this.#cookies.get(url.hostname) ?? [])].map(([name, value]) => `${name}=${value}`).join('; ')
  }

  async #fillIn(page: SeenPage, person: Person | undefined, answer: string, redirectUri?: string) {
    if (page.alert !== undefined) throw new Error(`${page.heading}: ${page.alert}`)
    const login = signInForm(page)
    if (login !== undefined) {
      if (person === undefined) throw new Error(`nobody is here to sign in: ${page.heading}`)
      return this.#submit(page, login, { username: person.username, password: person.password }, redirectUri)
    }
    const consent = consentForm(page)
    if (consent !== undefined) return this.#submit(page, consent, { answer }, redirectUri)
    const onward = formPostForm(page)
    if (onward !== undefined) return this.#submit(page, onward, {}, redirectUri)
    throw new Error(`${page.status} ${page.url}: no form to go on with on "${page.heading}"`)
  }

  #submit(page: SeenPage, form: PageForm, fields: Readonly<Record<string, string>>, redirectUri?: string) {
    const body = new URLSearchParams([...new Map([...form.fields, ...Object.entries(fields)])])
    const target = new URL(form.action, page.url)
    if (form.method === 'GET') {
      target.search = body.toString()
      return this.#go(target, { method: 'GET' }, redirectUri)
    }
    const site = target.origin === page.url.origin ? 'same-origin' : 'same-site'
    const headers = { origin: page.url.origin, 'sec-fetch-site': site, 'sec-fetch-mode': 'navigate' }
    return this.#go(target, { method: 'POST', body, headers }, redirectUri)
  }

  /** One navigation: to the page at its end, or to the redirect that leads to `until`. */
  async #go(url: URL, init: RequestInit, until?: string): Promise<SeenPage | URL> {
    let at = url
    let sent = init
    for (let hops = 0; hops < hopsMax; hops += 1) {
      const response = await fetch(at, {
        ...sent,
        redirect: 'manual',
        headers: { ...this.#headers(at), ...sent.headers },
      })
      this.#keep(at, response.headers.getSetCookie())
      const location = response.headers.get('location')
      if (location === null || response.status < 300 || response.status > 399) return seen(at, response)
      await response.arrayBuffer()
      at = new URL(location, at)
      if (until !== undefined && leadsTo(at, until)) return at
      // After 307 and 308 a browser sends the same again (RFC 9110 §15.4.8); after the others it asks with GET.
      if (response.status !== 307 && response.status !== 308) sent = { method: 'GET' }
    }
    throw new Error(`too many redirects, the last to ${at}`)
  }

  #headers(url: URL): Record<string, string> {
    const cookie = this.cookiesFor(url)
    return { accept: 'text/html', ...(cookie === '' ? {} : { cookie }) }
  }

  #keep(url: URL, lines: readonly string[]): void {
    const jar = this.#cookies.get(url.hostname) ?? new Map<string, string>()
    this.#cookies.set(url.hostname, jar)
    for (const line of lines) {
      const [pair = '', ...attributes] = line.split(';')
      const name = pair.slice(0, pair.indexOf('=')).trim()
      if (attributes.some(isOver)) jar.delete(name)
      else jar.set(name, pair.slice(pair.indexOf('=') + 1).trim())
    }
  }
}

const isOver = (attribute: string): boolean =>
  /^\s*max-age=(0|-\d+)\s*$/i.test(attribute) ||
  (/^\s*expires=/i.test(attribute) && Date.parse(attribute.split('=')[1] ?? '') < Date.now())

const leadsTo = (url: URL, redirectUri: string): boolean =>
  url.href === redirectUri || url.href.startsWith(`${redirectUri}?`)

const signInForm = (page: SeenPage): PageForm | undefined =>
  page.forms.find(({ fields }) => fields.has('username') && fields.has('password'))

const consentForm = (page: SeenPage): PageForm | undefined =>
  page.forms.find(({ buttons }) => buttons.some(({ name, value }) => name === 'answer' && value === 'allow'))

/** The form that carries an authorization response to its application (Form Post Response Mode §2). */
const formPostForm = (page: SeenPage): PageForm | undefined =>
  page.forms.find(({ fields }) => fields.has('state') && (fields.has('code') || fields.has('error')))

const isQuestion = (page: SeenPage): boolean =>
  [signInForm, consentForm, formPostForm].some(find => find(page) !== undefined)

async function seen(url: URL, response: Response): Promise<SeenPage> {
  const html = await response.text()
  return {
    url,
    status: response.status,
    headers: response.headers,
    html,
    heading: pageHeading(html),
    // A passkey's form keeps an empty one for its script.
    alert: pageAlert(html) || undefined,
    forms: pageForms(html),
  }
}
