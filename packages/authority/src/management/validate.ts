import { nearestName } from '../nearest-name.ts'
import type { Schema } from './schema.ts'

/** One thing that is wrong with a body, and where. */
export interface Issue {
  /** JSON Pointer (RFC 6901) into the body; empty for the body itself. */
  readonly pointer: string
  readonly expected: string
  readonly got: string
  readonly hint?: string
}

const issuesMax = 20

/** Everything that is wrong with a value, up to twenty things; nothing when it fits its schema. */
export function validate(schema: Schema, value: unknown): readonly Issue[] {
  const issues: Issue[] = []
  judge(schema, value, '', issues)
  return issues.slice(0, issuesMax)
}

function judge(schema: Schema, value: unknown, pointer: string, issues: Issue[]): void {
  if (issues.length >= issuesMax) return
  switch (schema.type) {
    case 'string':
      judgeString(schema, value, pointer, issues)
      return
    case 'integer': {
      const fits = Number.isSafeInteger(value) && Number(value) >= schema.minimum && Number(value) <= schema.maximum
      if (!fits)
        issues.push({ pointer, expected: `a whole number, ${schema.minimum} to ${schema.maximum}`, got: shown(value) })
      return
    }
    case 'boolean':
      if (typeof value !== 'boolean') issues.push({ pointer, expected: 'true or false', got: shown(value) })
      return
    case 'array':
      judgeArray(schema, value, pointer, issues)
      return
    case 'object':
      judgeObject(schema, value, pointer, issues)
  }
}

function judgeString(
  schema: Extract<Schema, { type: 'string' }>,
  value: unknown,
  pointer: string,
  issues: Issue[],
): void {
  if (typeof value !== 'string') {
    issues.push({ pointer, expected: 'a string', got: shown(value) })
    return
  }
  if (schema.enum !== undefined) {
    if (schema.enum.includes(value)) return
    const nearest = nearestName(value, schema.enum)
    const hint = nearest === undefined ? {} : { hint: `Did you mean ${nearest}?` }
    issues.push({ pointer, expected: schema.enum.join(', '), got: shown(value), ...hint })
    return
  }
  const { minLength = 0, maxLength = 2048 } = schema
  if (value.length < minLength || value.length > maxLength) {
    issues.push({ pointer, expected: `${minLength} to ${maxLength} characters`, got: `${value.length} characters` })
  } else if (schema.pattern !== undefined && !new RegExp(schema.pattern, 'u').test(value)) {
    issues.push({ pointer, expected: schema.title ?? schema.pattern, got: shown(value) })
  }
}

function judgeArray(
  schema: Extract<Schema, { type: 'array' }>,
  value: unknown,
  pointer: string,
  issues: Issue[],
): void {
  if (!Array.isArray(value)) {
    issues.push({ pointer, expected: 'an array', got: shown(value) })
    return
  }
  const { minItems = 0, maxItems } = schema
  if (value.length < minItems || value.length > maxItems) {
    issues.push({ pointer, expected: `${minItems} to ${maxItems} items`, got: `${value.length} items` })
    return
  }
  if (schema.uniqueItems && new Set(value).size < value.length) {
    issues.push({ pointer, expected: 'each item once', got: 'an item twice' })
  }
  for (const [index, item] of value.entries()) judge(schema.items, item, `${pointer}/${index}`, issues)
}

function judgeObject(
  schema: Extract<Schema, { type: 'object' }>,
  value: unknown,
  pointer: string,
  issues: Issue[],
): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    issues.push({ pointer, expected: 'an object', got: shown(value) })
    return
  }
  if (!('properties' in schema)) return
  const members = new Map(Object.entries(value))
  for (const name of schema.required ?? []) {
    if (!members.has(name))
      issues.push({ pointer: `${pointer}/${name}`, expected: described(schema, name), got: 'nothing' })
  }
  for (const [name, member] of members) {
    const inner = Object.hasOwn(schema.properties, name) ? schema.properties[name] : undefined
    if (inner === undefined) issues.push(unknownMember(schema, name, pointer))
    else judge(inner, member, `${pointer}/${escaped(name)}`, issues)
  }
}

function unknownMember(
  schema: { readonly properties: Readonly<Record<string, Schema>> },
  name: string,
  pointer: string,
): Issue {
  const names = Object.keys(schema.properties)
  const nearest = nearestName(name, names)
  return {
    pointer: `${pointer}/${escaped(name.slice(0, 64))}`,
    expected: nearest ?? names.join(', '),
    got: JSON.stringify(name.slice(0, 64)),
    hint: nearest === undefined ? 'There is no such member.' : `There is no such member. Did you mean ${nearest}?`,
  }
}

const described = (schema: { readonly properties: Readonly<Record<string, Schema>> }, name: string): string =>
  schema.properties[name]?.description ?? `the member ${name}`

const escaped = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1')

/** A value short enough for a message. A text may be a secret put in the wrong place, so only its start is shown. */
function shown(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (typeof value === 'string') return JSON.stringify(value.length > 40 ? `${value.slice(0, 12)}…` : value)
  if (Array.isArray(value)) return 'an array'
  return typeof value === 'object' && value !== null ? 'an object' : String(value)
}
