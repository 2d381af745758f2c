import { type Expression, type ObjectExpression, type ObjectProperty, Visitor } from 'oxc-parser'
import type { Check } from './check.ts'
import { isProduct, type SourceTree } from './source-tree.ts'

const folder = 'docs/errors/'

/**
 * Every error code that a caller can see has its page, and every page its code. A code is a key of a catalogue (an
 * `error-codes.ts`), or the `reason` of an object that also says which `error` of a standard it is.
 */
export const errorPages: Check = {
  name: 'a page for every error code',
  run: tree => {
    const codes = new Map<string, string>()
    for (const file of tree.files.filter(each => isProduct(each) && each.endsWith('.ts'))) collect(tree, file, codes)
    const pages = tree.files
      .filter(file => file.startsWith(folder) && file.endsWith('.md'))
      .map(file => file.slice(folder.length, -3))
    return {
      findings: [
        ...[...codes]
          .filter(([code]) => !pages.includes(code))
          .map(([code, place]) => `${place}: ${code} has no page ${folder}${code}.md`),
        ...pages
          .filter(page => !/^(?:README|index)$/.test(page) && !codes.has(page))
          .map(page => `${folder}${page}.md: no code of that name`),
      ],
    }
  },
}

function collect(tree: SourceTree, file: string, codes: Map<string, string>): void {
  const isCatalogue = file.endsWith('/error-codes.ts')
  new Visitor({
    VariableDeclarator: node => {
      const { init } = node
      const object = init === null ? undefined : unwrapped(init)
      if (
        !isCatalogue ||
        node.id.type !== 'Identifier' ||
        node.id.name !== 'errorCodes' ||
        object?.type !== 'ObjectExpression'
      )
        return
      for (const [code, property] of membersOf(object)) codes.set(code, tree.place(file, property.start))
    },
    ObjectExpression: node => {
      const members = new Map(membersOf(node))
      const reason = members.get('reason')?.value
      if (members.has('error') && reason?.type === 'Literal' && typeof reason.value === 'string') {
        codes.set(reason.value, tree.place(file, reason.start))
      }
    },
  }).visit(tree.parse(file).program)
}

function membersOf(object: ObjectExpression): readonly (readonly [string, ObjectProperty])[] {
  return object.properties.flatMap(each =>
    each.type === 'Property' && each.key.type === 'Identifier' ? [[each.key.name, each] as const] : [],
  )
}

function unwrapped(expression: Expression): Expression {
  const wrapped = expression.type === 'TSAsExpression' || expression.type === 'TSSatisfiesExpression'
  return wrapped ? unwrapped(expression.expression) : expression
}
