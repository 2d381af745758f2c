import { Visitor } from 'oxc-parser'
import type { Check } from './check.ts'
import { isTestCode, type SourceTree } from './source-tree.ts'

/** The rows of the standards checklist that concern what exists: S1–S32, S39–S47, S51–S56, S68, S70–S77. */
const rows = [...between(1, 32), ...between(39, 47), ...between(51, 56), 68, ...between(70, 77)]
const page = 'docs/standards.md'

/** Each row of the standards checklist has a test under its number, or is listed as open. */
export const standardsRows: Check = {
  name: 'rows of the standards checklist',
  run: tree => {
    const tested = testedRows(tree)
    const open = openRows(tree)
    if (open === undefined)
      return {
        findings: [
          `${page} is missing; without a test and not listed as open: ${named(rows.filter(row => !tested.has(row)))}`,
        ],
      }
    return {
      findings: [
        ...rows
          .filter(row => !tested.has(row) && !open.has(row))
          .map(row => `S${row} has no test and ${page} does not list it as open`),
        ...rows
          .filter(row => tested.has(row) && open.has(row))
          .map(row => `S${row} has a test, but ${page} lists it as open`),
      ],
    }
  },
}

function testedRows(tree: SourceTree): ReadonlySet<number> {
  const found = new Set<number>()
  for (const file of tree.files.filter(each => each.endsWith('.ts') && isTestCode(each))) {
    new Visitor({
      CallExpression: node => {
        const { callee } = node
        const isTest =
          (callee.type === 'Identifier' && ['test', 'it'].includes(callee.name)) ||
          (callee.type === 'MemberExpression' &&
            callee.property.type === 'Identifier' &&
            callee.property.name === 'test')
        const title = node.arguments[0]
        if (!isTest || title === undefined) return
        const text =
          title.type === 'Literal'
            ? String(title.value)
            : title.type === 'TemplateLiteral'
              ? (title.quasis[0]?.value.cooked ?? '')
              : ''
        for (const number of text.matchAll(/\bS(\d{1,2})\b(?=.*)/g))
          if (/^(?:S\d+[,\s]+(?:and )?)*$/.test(text.slice(0, number.index))) found.add(Number(number[1]))
      },
    }).visit(tree.parse(file).program)
  }
  return found
}

/** The numbers under the page's heading "Open". */
function openRows(tree: SourceTree): ReadonlySet<number> | undefined {
  if (!tree.files.includes(page)) return undefined
  const section = /^#+\s*Open\b.*$([\s\S]*?)(?=^#+\s|(?![\s\S]))/m.exec(tree.text(page))?.[1] ?? ''
  const numbers = [...section.matchAll(/\bS(\d{1,2})\b(?:\s*[–-]\s*S?(\d{1,2})\b)?/g)]
  return new Set(numbers.flatMap(([, from, to]) => between(Number(from), Number(to ?? from))))
}

function between(from: number, to: number): readonly number[] {
  return Array.from({ length: to - from + 1 }, (_, at) => from + at)
}

function named(numbers: readonly number[]): string {
  return numbers.map(row => `S${row}`).join(', ')
}
