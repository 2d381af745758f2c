/** Markup that is safe to send: only `html` and `join` make it, so text cannot become markup by accident. */
export class Html {
  readonly #markup: string
  constructor(markup: string) {
    this.#markup = markup
  }
  toString(): string {
    return this.#markup
  }
}

export type HtmlValue = Html | string | number | false | undefined | readonly HtmlValue[]

/**
 * A template whose values are escaped, whatever they hold. `false` and `undefined` print nothing, lists print one after
 * the other, `Html` prints as it is.
 *
 * @throws RangeError for a value outside quotes in a tag, where no escaping helps; the template's bug, never a request's
 * @see WHATWG HTML §13.1.2.3
 */
export function html(strings: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  let markup = strings[0] ?? ''
  values.forEach((value, at) => {
    if (/=\s*$/.test(strings[at] ?? '')) throw new RangeError('a value of an attribute must stand in double quotes')
    markup += print(value) + (strings[at + 1] ?? '')
  })
  return new Html(markup)
}

/** A link's target: our own path or an http(s) address; anything else (`javascript:`) prints as a link to nowhere. */
export function safeHref(target: string): string {
  if (/^\/(?![/\\])/.test(target)) return target
  return URL.canParse(target) && ['https:', 'http:'].includes(new URL(target).protocol) ? target : '#'
}

function print(value: HtmlValue): string {
  if (value === undefined || value === false) return ''
  if (value instanceof Html) return value.toString()
  if (typeof value === 'object') return value.map(print).join('')
  return String(value).replace(/[&<>"'`]/g, character => `&#${character.charCodeAt(0)};`)
}
