import fc from 'fast-check'

type Schema = Readonly<Record<string, unknown>>

const isSchema = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Values that an OpenAPI schema allows, or nearly: bounds are met often and passed sometimes. */
export function schemaValues(schema: unknown, document: Schema): fc.Arbitrary<unknown> {
  if (!isSchema(schema)) return fc.jsonValue()
  if (typeof schema.$ref === 'string') return schemaValues(resolved(schema.$ref, document), document)
  if (Array.isArray(schema.enum)) return fc.constantFrom(...schema.enum)
  const [alternative] = [schema.oneOf, schema.anyOf].filter(Array.isArray)
  if (alternative !== undefined) return fc.oneof(...alternative.map((each: unknown) => schemaValues(each, document)))
  switch (Array.isArray(schema.type) ? schema.type[0] : schema.type) {
    case 'object':
      return objects(schema, document)
    case 'array':
      return fc.array(schemaValues(schema.items, document), { maxLength: 3 })
    case 'integer':
    case 'number':
      return fc.oneof(fc.constantFrom(schema.minimum ?? 0, schema.maximum ?? 1, schema.default ?? 1), fc.integer())
    case 'boolean':
      return fc.boolean()
    default:
      return texts(schema)
  }
}

function objects(schema: Schema, document: Schema): fc.Arbitrary<unknown> {
  const properties = Object.entries(isSchema(schema.properties) ? schema.properties : {})
  const required = Array.isArray(schema.required) ? schema.required.map(String) : []
  const model = Object.fromEntries(properties.map(([name, value]) => [name, schemaValues(value, document)]))
  return fc.record(model, { requiredKeys: required.filter(name => Object.hasOwn(model, name)) })
}

function texts(schema: Schema): fc.Arbitrary<string> {
  const { pattern, minLength = 0, maxLength = 60 } = schema
  const plain = fc.constantFrom(
    'x',
    'abc',
    'alice-1',
    'openid',
    'client_secret_basic',
    'https://a.example/b',
    'a@b.example',
  )
  const long = fc.constantFrom(...[minLength, maxLength].map(length => 'x'.repeat(Math.min(Number(length), 5000))))
  const wild = fc.string({ unit: 'binary', maxLength: 20 })
  return typeof pattern === 'string'
    ? fc.oneof(fc.stringMatching(new RegExp(pattern)), plain, wild)
    : fc.oneof(plain, long, wild)
}

function resolved(ref: string, document: Schema): unknown {
  let found: unknown = document
  for (const step of ref.slice('#/'.length).split('/')) found = isSchema(found) ? found[step] : undefined
  return found
}
