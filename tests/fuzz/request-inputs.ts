import fc from 'fast-check'
import { anyText } from './odd-texts.ts'

/** One request, as it goes to the wire. */
export interface Input {
  readonly method: string
  /** Path and query. */
  readonly target: string
  readonly headers: readonly (readonly [string, string])[]
  readonly body: Buffer | undefined
}

/** What is known of an address: the right values, from which inputs stray. */
export interface Knowledge {
  readonly methods: readonly string[]
  /** With `:name` for parameters and `*` for the rest. */
  readonly url: string
  readonly query: Fields
  /** A form's fields, or a JSON body's values. */
  readonly body: { readonly forms: readonly Fields[] } | { readonly json: fc.Arbitrary<unknown> } | undefined
  readonly path: Fields
  /** The media type that PATCH takes, where it is not that of the other methods. */
  readonly patch?: string
  /** Right values of headers, by name; an empty one leaves the header out. */
  readonly headers: Fields
}

export type Fields = Readonly<Record<string, readonly string[]>>

/** What is told of an address by hand. */
export type Known = Partial<Omit<Knowledge, 'url'>>

/** A right value, one with a piece changed, or anything. */
function straying(values: readonly string[]): fc.Arbitrary<string> {
  if (values.length === 0) return anyText
  const right = fc.constantFrom(...values)
  const cut = fc.tuple(right, fc.nat(400)).map(([value, at]) => value.slice(0, at))
  const changed = fc
    .tuple(right, fc.nat(400), fc.constantFrom('', 'A', '0', '.', ' ', '\0', 'é', '%'))
    .map(
      ([value, at, piece]) =>
        value.slice(0, at % (value.length + 1)) + piece + value.slice((at % (value.length + 1)) + 1),
    )
  const doubled = right.map(value => value + value)
  return fc.oneof({ weight: 6, arbitrary: right }, { weight: 2, arbitrary: changed }, cut, doubled, {
    weight: 3,
    arbitrary: anyText,
  })
}

type Pairs = readonly (readonly [string, string])[]

interface Edit {
  readonly kind: 'drop' | 'twice' | 'set' | 'add'
  readonly name: string
  readonly value: string
}

function editedBy(pairs: Pairs, { kind, name, value }: Edit): Pairs {
  if (kind === 'drop') return pairs.filter(([each]) => each !== name)
  if (kind === 'set') return pairs.map(pair => (pair[0] === name ? ([name, value] as const) : pair))
  const again = kind === 'twice' ? pairs.find(([each]) => each === name)?.[1] : undefined
  return pairs.concat([[name, again ?? value]])
}

/** All fields right, then a few of them left out, sent twice, changed or made up. */
function pairsOf(fields: Fields): fc.Arbitrary<Pairs> {
  const names = Object.keys(fields)
  const base: fc.Arbitrary<Pairs> =
    names.length === 0
      ? fc.constant([])
      : fc.tuple(...names.map(name => fc.constantFrom(...(fields[name] ?? [''])).map(value => [name, value] as const)))
  const name = names.length === 0 ? anyText : fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...names) }, anyText)
  const edit: fc.Arbitrary<Edit> = fc.record({
    kind: fc.constantFrom<Edit['kind'][]>('drop', 'drop', 'twice', 'set', 'set', 'add'),
    name,
    value: fc.oneof(anyText, straying(Object.values(fields).flat().slice(0, 40))),
  })
  const edits = fc.oneof(fc.constant([]), fc.array(edit, { maxLength: 3 }))
  const strayed = fc.tuple(base, edits).map(([pairs, list]) => list.reduce(editedBy, pairs))
  const many = fc.constant(Array.from({ length: 250 }, (_, at) => [`p${at}`, 'x'] as const))
  return fc.oneof({ weight: 40, arbitrary: strayed }, { weight: 1, arbitrary: many })
}

const encoded = (pairs: Pairs): string =>
  pairs
    .map(([name, value]) => `${encodeURIComponent(name.toWellFormed())}=${encodeURIComponent(value.toWellFormed())}`)
    .join('&')
const raw = (pairs: Pairs): string => pairs.map(([name, value]) => `${name}=${value}`).join('&')

const formText = (fields: Fields): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 18, arbitrary: pairsOf(fields).map(encoded) },
    { weight: 1, arbitrary: pairsOf(fields).map(raw) },
    { weight: 1, arbitrary: pairsOf(fields).map(pairs => `${encoded(pairs)}&%zz=1`) },
  )

const formType = 'application/x-www-form-urlencoded'
const types = [
  'text/plain',
  'application/json',
  'application/merge-patch+json',
  formType,
  'multipart/form-data; boundary=x',
  'application/xml',
  'application/json; charset=utf-16',
  `${formType}; charset=iso-8859-1`,
  `${formType},${formType}`,
  'x',
  ';',
  '',
]

interface Body {
  readonly bytes: Buffer | undefined
  readonly type: string | undefined
}

/** A body with its media type: the right one mostly, and every other kind of thing. */
function bodies(known: Knowledge['body']): fc.Arbitrary<Body> {
  const text =
    (type: string) =>
    (content: string): Body => ({ bytes: Buffer.from(content), type })
  const right =
    known === undefined
      ? fc.constant<Body>({ bytes: undefined, type: undefined })
      : 'forms' in known
        ? fc.oneof(...known.forms.map(formText)).map(text(formType))
        : known.json.map(value => text('application/json')(JSON.stringify(value) ?? ''))
  const otherwise = fc.oneof(
    fc.jsonValue().map(value => JSON.stringify(value)),
    fc.constantFrom(
      '{',
      '[',
      '"',
      '{"a":1,"a":2}',
      '{"__proto__":{}}',
      '\ufeff{}',
      '{}{}',
      'null',
      '1e999',
      '['.repeat(3000),
    ),
    anyText,
  )
  const wrong = fc.tuple(otherwise, fc.constantFrom(...types)).map(([content, type]) => text(type)(content))
  const bytes = fc
    .tuple(fc.uint8Array({ maxLength: 200 }), fc.constantFrom(...types))
    .map(([content, type]): Body => ({ bytes: Buffer.from(content), type }))
  const retyped = fc.tuple(right, fc.constantFrom(...types)).map(([body, type]) => ({ ...body, type }))
  const large = fc
    .constantFrom(17_000, 66_000)
    .map(size => text(known !== undefined && 'forms' in known ? formType : 'application/json')('x'.repeat(size)))
  return fc.oneof(
    { weight: 30, arbitrary: right },
    { weight: 5, arbitrary: wrong },
    { weight: 4, arbitrary: bytes },
    { weight: 3, arbitrary: retyped },
    { weight: 1, arbitrary: large },
    { weight: 2, arbitrary: fc.constant<Body>({ bytes: undefined, type: undefined }) },
  )
}

/** Only what may stand in a target and in a header at all; what may not is for sockets (bytes.test.ts). */
const forTarget = (text: string): string => text.replace(/[^\x21\x22\x24-\x7e\x80-\xff]/g, '')
const forHeader = (text: string): string => text.replace(/[^\t\x20-\x7e\x80-\xff]/g, '').trim()

function paths({ url, path }: Knowledge): fc.Arbitrary<string> {
  const pieces = url.split('/').map(piece => {
    if (!piece.startsWith(':') && piece !== '*') return fc.constant(piece)
    const values = straying(path[piece] ?? [])
    return fc.oneof(
      { weight: 3, arbitrary: values.map(value => encodeURIComponent(value.toWellFormed())) },
      { weight: 1, arbitrary: values },
    )
  })
  return fc.tuple(...pieces).map(parts => parts.join('/'))
}

const headerNames = [
  'accept',
  'origin',
  'sec-fetch-site',
  'x-forwarded-for',
  'x-request-id',
  'forwarded',
  'if-none-match',
  'if-match',
  'content-encoding',
  'range',
  'accept-encoding',
  'accept-language',
  'user-agent',
  'referer',
  'prefer',
  'te',
  'x-http-method-override',
]

function headersOf(right: Fields): fc.Arbitrary<Pairs> {
  const whole: fc.Arbitrary<Pairs> = fc.tuple(
    ...Object.entries(right).map(([name, values]) => fc.constantFrom(...values).map(value => [name, value] as const)),
  )
  const known = fc.oneof({ weight: 3, arbitrary: whole }, pairsOf(right))
  const more = fc.array(
    fc.tuple(
      fc.constantFrom(...headerNames),
      fc.oneof(anyText, fc.constantFrom('text/html', 'application/json', '*/*')),
    ),
    {
      maxLength: 2,
    },
  )
  const token = /^[!#$%&'*+.^_`|~0-9a-z-]+$/i
  const reserved = /^(?:content-length|transfer-encoding|connection|keep-alive|upgrade|expect|host|content-type)$/i
  return fc
    .tuple(known, more)
    .map(([a, b]) =>
      [...a, ...b]
        .filter(([name, value]) => value !== '' && token.test(name) && !reserved.test(name))
        .map(([name, value]) => [name, forHeader(value)] as const),
    )
}

const verbs = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'QUERY', 'PROPFIND']

/** Requests to one address, nearly right and far from it. */
export function inputsTo(known: Knowledge): fc.Arbitrary<Input> {
  const method = fc.oneof(
    { weight: 9, arbitrary: fc.constantFrom(...known.methods) },
    { weight: 1, arbitrary: fc.constantFrom(...verbs) },
  )
  const query = fc.oneof(
    { weight: Object.keys(known.query).length === 0 ? 1 : 6, arbitrary: formText(known.query) },
    { weight: 3, arbitrary: fc.constant('') },
  )
  return fc
    .record({ method, path: paths(known), query, headers: headersOf(known.headers), body: bodies(known.body) })
    .map(({ method: verb, path, query: text, headers, body }) => {
      const sent = verb === 'GET' || verb === 'HEAD' ? { bytes: undefined, type: undefined } : body
      const type = verb === 'PATCH' && sent.type === 'application/json' && known.patch ? known.patch : sent.type
      return {
        method: verb,
        target: forTarget(text === '' ? path : `${path}?${text}`),
        headers: [...headers, ...(type === undefined ? [] : [['content-type', type] as const])],
        body: sent.bytes,
      }
    })
}
