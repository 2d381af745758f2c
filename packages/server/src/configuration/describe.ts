import type { Field } from './field.ts'
import { type Section, variableOf } from './section.ts'

/** The reference of all sections as Markdown, generated so that it cannot say anything else than the code. */
export function describeConfiguration(sections: readonly Section[]): string {
  return `${sections.map(describeSection).join('\n\n')}\n`
}

function describeSection(section: Section): string {
  const rows = Object.entries(section.fields).flatMap(([key, field]) => [
    row(section, key, key, field),
    ...Object.entries(field.members ?? {}).map(([member, inner]) => row(section, key, `${key}[].${member}`, inner)),
  ])
  return [
    `## ${section.name}`,
    ...(section.about === '' ? [] : ['', section.about]),
    '',
    '| key | takes | default | live | meaning |',
    '|---|---|---|---|---|',
    ...rows,
  ].join('\n')
}

function row(section: Section, key: string, shown: string, field: Field<unknown>): string {
  const name = field.source === 'environment' ? `\`${variableOf(section, key)}\` (or \`…_FILE\`)` : `\`${shown}\``
  const meaning = field.see === undefined ? field.about : `${field.about} (${field.see})`
  const columns = [name, field.range, defaultOf(field), field.live ? 'yes' : 'no', meaning]
  return `| ${columns.map(column => column.replaceAll('|', '\\|')).join(' | ')} |`
}

function defaultOf(field: Field<unknown>): string {
  if (field.default !== undefined) return `\`${JSON.stringify(field.default)}\``
  return field.optional ? 'none' : 'must be set'
}
