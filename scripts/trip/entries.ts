import { parseSync, Visitor } from 'oxc-parser'

/** A TypeScript module in which every function says its file when it is entered; lines stay where they were. */
export function withEntries(file: string, source: string): string {
  const call = `enterFile(${JSON.stringify(file)})`
  const insertions: { readonly at: number; readonly text: string }[] = []
  const intoBody = (body: { readonly start: number } | null | undefined): void => {
    if (body !== null && body !== undefined) insertions.push({ at: body.start + 1, text: `${call};` })
  }
  new Visitor({
    FunctionDeclaration: node => intoBody(node.body),
    FunctionExpression: node => intoBody(node.body),
    ArrowFunctionExpression: node => {
      const { body } = node
      if (body.type === 'BlockStatement') return intoBody(body)
      insertions.push({ at: body.start, text: `(${call},` }, { at: body.end, text: ')' })
    },
  }).visit(parseSync(file, source).program)
  return insertions
    .toSorted((a, b) => b.at - a.at)
    .reduce((text, { at, text: inserted }) => text.slice(0, at) + inserted + text.slice(at), source)
}
