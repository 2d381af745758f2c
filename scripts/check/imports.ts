import type { SourceTree } from './source-tree.ts'

export interface Import {
  readonly specifier: string
  readonly offset: number
  /** Whether it vanishes when types are removed. */
  readonly isType: boolean
}

/** What a file imports and re-exports, dynamic imports of a literal included. */
export function importsOf(tree: SourceTree, file: string): readonly Import[] {
  const { staticImports, staticExports, dynamicImports } = tree.parse(file).module
  const source = tree.text(file)
  return [
    ...staticImports.map(each => ({
      specifier: each.moduleRequest.value,
      offset: each.start,
      isType: each.entries.length > 0 && each.entries.every(entry => entry.isType),
    })),
    ...staticExports.flatMap(each => {
      const request = each.entries.find(entry => entry.moduleRequest !== null)?.moduleRequest
      const isType = each.entries.every(entry => entry.isType)
      return request === null || request === undefined ? [] : [{ specifier: request.value, offset: each.start, isType }]
    }),
    ...dynamicImports.flatMap(each => {
      const literal = /^['"`](.*)['"`]$/.exec(source.slice(each.moduleRequest.start, each.moduleRequest.end))?.[1]
      return literal === undefined ? [] : [{ specifier: literal, offset: each.start, isType: false }]
    }),
  ]
}
