/** Markup that is safe to send: only `html` makes it, so text cannot become markup by accident. */
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
 * @throws RangeError for a value that is an attribute without quotes, where no escaping helps, or for markup inside
 *   quotes; the template's bug, never a request's
 * @see WHATWG HTML §13.1.2.3
 */
export function html(strings: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  let place: Place = 'text'
  let markup = ''
  strings.forEach((fixed, at) => {
    place = placeAfter(fixed, place)
    markup += fixed
    if (at === values.length) return
    const value = values[at]
    if (place === 'tag' && fixed.trimEnd().endsWith('=')) throw new RangeError('a value of an attribute must be quoted')
    if (place === 'quotes' && value instanceof Html) throw new RangeError('markup cannot stand in an attribute')
    markup += print(value)
  })
  return new Html(markup)
}

/** A link's target: our own path or an http(s) address; anything else (`javascript:`) prints as a link to nowhere. */
export function safeHref(target: string): string {
  if (/^\/(?![/\\])/.test(target)) return target
  return URL.canParse(target) && ['https:', 'http:'].includes(new URL(target).protocol) ? target : '#'
}

type Place = 'text' | 'tag' | 'quotes'

/** Where in the markup a template's own text ends. */
function placeAfter(fixed: string, before: Place): Place {
  let place = before
  for (const character of fixed) {
    if (place === 'text' && character === '<') place = 'tag'
    else if (place === 'tag' && character === '>') place = 'text'
    else if (character === '"' && place !== 'text') place = place === 'tag' ? 'quotes' : 'tag'
  }
  return place
}

function print(value: HtmlValue): string {
  if (value === undefined || value === false) return ''
  if (value instanceof Html) return value.toString()
  if (typeof value === 'object') return value.map(print).join('')
  return String(value).replace(/[&<>"'`]/g, character => `&#${character.charCodeAt(0)};`)
}
