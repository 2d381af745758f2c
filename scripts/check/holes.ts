import { Visitor } from 'oxc-parser'
import type { Check } from './check.ts'
import { isProduct, isTestCode, type SourceTree } from './source-tree.ts'

/** Holes in the types, in the linter, in error handling and in the tests. */
export const holes: Check = {
  name: 'holes in types, errors and tests',
  run: tree => ({
    findings: tree.files
      .filter(
        file =>
          file.endsWith('.ts') &&
          (isProduct(file) || isTestCode(file) || file.startsWith('scripts/') || file.startsWith('bench/')),
      )
      .flatMap(file => holesIn(tree, file)),
  }),
}

const silencer = /@ts-(?:ignore|expect-error|nocheck)|biome-ignore|eslint-disable/

function holesIn(tree: SourceTree, file: string): readonly string[] {
  const findings: string[] = []
  const tell = (offset: number, what: string): void => {
    findings.push(`${tree.place(file, offset)}: ${what}`)
  }
  const { program, comments } = tree.parse(file)
  for (const comment of comments)
    if (silencer.test(comment.value)) tell(comment.start, comment.value.trim().slice(0, 60))
  new Visitor({
    TSAnyKeyword: node => tell(node.start, 'any'),
    TSNonNullExpression: node => tell(node.start, 'non-null !'),
    TSAsExpression: node => {
      if (node.expression.type === 'TSAsExpression' && node.expression.typeAnnotation.type === 'TSUnknownKeyword')
        tell(node.start, 'as unknown as')
    },
    CatchClause: node => {
      if (node.body.body.length === 0) tell(node.start, 'a catch that does nothing')
    },
    CallExpression: node => {
      if (!isTestCode(file)) return
      const { callee } = node
      if (
        callee.type === 'MemberExpression' &&
        callee.object.type === 'Identifier' &&
        callee.property.type === 'Identifier'
      ) {
        const skips =
          ['test', 'it', 'describe', 'suite', 't'].includes(callee.object.name) &&
          ['skip', 'todo', 'only'].includes(callee.property.name)
        if (skips) tell(node.start, `${callee.object.name}.${callee.property.name}`)
      }
      if (callee.type !== 'Identifier' || !['test', 'it', 'describe', 'suite'].includes(callee.name)) return
      for (const argument of node.arguments) {
        if (argument.type !== 'ObjectExpression') continue
        for (const property of argument.properties) {
          if (property.type !== 'Property' || property.key.type !== 'Identifier') continue
          if (['skip', 'todo', 'only'].includes(property.key.name)) tell(property.start, property.key.name)
        }
      }
    },
  }).visit(program)
  return findings
}
