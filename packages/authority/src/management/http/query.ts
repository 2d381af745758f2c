import { readQuery } from '@sallyport/server'
import type { Operation } from '../operation.ts'
import { type Problem, problem } from '../problem.ts'
import type { Schema } from '../schema.ts'
import { type Issue, validate } from '../validate.ts'

type Query = { readonly values: Readonly<Record<string, string>> } | { readonly refused: Problem }

/** The query of a request as its operation describes it: unknown and repeated parameters are refused, like all else. */
export function readQueryOf(operation: Operation, url: string): Query {
  const start = url.indexOf('?')
  const form = readQuery(start < 0 ? '' : url.slice(start + 1))
  if ('refused' in form)
    return { refused: problem(400, 'invalid_query', 'The query cannot be read.', { detail: form.hint }) }
  const schemas = operation.query ?? {}
  const issues: Issue[] = form.repeated.map(name => ({ pointer: `?${name}`, expected: 'it once', got: 'it twice' }))
  for (const [name, value] of form.fields) {
    const schema = Object.hasOwn(schemas, name) ? schemas[name] : undefined
    if (schema === undefined) {
      issues.push({
        pointer: `?${name.slice(0, 64)}`,
        expected: Object.keys(schemas).join(', ') || 'no query',
        got: name.slice(0, 64),
      })
      continue
    }
    for (const issue of validate(schema, typedAs(schema, value))) issues.push({ ...issue, pointer: `?${name}` })
  }
  if (issues.length > 0)
    return { refused: problem(400, 'invalid_query', 'The query is not valid.', { errors: issues }) }
  return { values: Object.fromEntries(form.fields) }
}

/** What a value of a query stands for, when it can be that; else the text, which its schema refuses. */
function typedAs({ type }: Schema, value: string): unknown {
  if (type === 'integer' && /^\d{1,15}$/.test(value)) return Number(value)
  if (type === 'boolean' && /^(?:true|false)$/.test(value)) return value === 'true'
  return value
}
