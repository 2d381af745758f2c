import { dirname, join } from 'node:path/posix'
import type { Check } from './check.ts'
import { importsOf } from './imports.ts'

/** Files that need each other to load. Types alone may refer to each other. */
export const circles: Check = {
  name: 'import circles',
  run: tree => {
    const graph = new Map<string, readonly string[]>()
    for (const file of tree.files.filter(each => /^(?:packages|examples)\/.*\.ts$/.test(each))) {
      const relative = importsOf(tree, file).filter(each => !each.isType && each.specifier.startsWith('.'))
      graph.set(
        file,
        relative.map(each => join(dirname(file), each.specifier)),
      )
    }
    return { findings: findCircles(graph) }
  },
}

function findCircles(graph: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const done = new Set<string>()
  const findings: string[] = []
  const visit = (file: string, trail: readonly string[]): void => {
    const at = trail.indexOf(file)
    if (at >= 0) findings.push([...trail.slice(at), file].join(' → '))
    if (at >= 0 || done.has(file)) return
    for (const next of graph.get(file) ?? []) visit(next, [...trail, file])
    done.add(file)
  }
  for (const file of graph.keys()) visit(file, [])
  return findings
}
