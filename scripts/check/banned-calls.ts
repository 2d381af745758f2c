import { Visitor } from 'oxc-parser'
import type { Check } from './check.ts'
import { isProduct, packageOf, type SourceTree } from './source-tree.ts'

const bannedMembers = new Set([
  'Date.now',
  'Math.random',
  'process.env',
  'performance.now',
  'process.hrtime',
  'globalThis.fetch',
  'crypto.getRandomValues',
])
const bannedNames = new Set([
  'randomUUID',
  'randomBytes',
  'randomInt',
  'getRandomValues',
  'fetch',
  'setTimeout',
  'setInterval',
  'setImmediate',
])
const worldlyPackages = new Set(['server', 'store', 'sallyport'])

/** Clock, randomness, environment, network and timers are arguments, outside the places that touch the world. */
export const bannedCalls: Check = {
  name: 'clock, random, fetch, environment and timers outside their places',
  run: tree => ({ findings: tree.files.filter(isPure).flatMap(file => worldlyUses(tree, file)) }),
}

function isPure(file: string): boolean {
  const owner = packageOf(file)
  return (
    owner !== undefined &&
    isProduct(file) &&
    file.endsWith('.ts') &&
    !worldlyPackages.has(owner) &&
    !file.includes('/http/')
  )
}

/** Uses of the world's names that the file does not bind itself, such as by a parameter called `fetch`. */
function worldlyUses(tree: SourceTree, file: string): readonly string[] {
  const bound = new Set<string>()
  const uses: { readonly name: string; readonly offset: number }[] = []
  const use = (name: string, offset: number): void => {
    uses.push({ name, offset })
  }
  const bind = (pattern: unknown): void => {
    for (const name of namesOf(pattern)) bound.add(name)
  }
  new Visitor({
    MemberExpression: node => {
      if (node.computed || node.object.type !== 'Identifier' || node.property.type !== 'Identifier') return
      const name = `${node.object.name}.${node.property.name}`
      if (bannedMembers.has(name) || (/[cC]rypto$/.test(node.object.name) && bannedNames.has(node.property.name)))
        use(name, node.start)
    },
    NewExpression: node => {
      if (node.callee.type === 'Identifier' && node.callee.name === 'Date') use('new Date', node.start)
    },
    CallExpression: node => {
      if (node.callee.type !== 'Identifier') return
      if (node.callee.name === 'Date' || bannedNames.has(node.callee.name)) use(node.callee.name, node.start)
    },
    ImportSpecifier: node => {
      if (node.imported.type === 'Identifier' && bannedNames.has(node.imported.name))
        use(`import of ${node.imported.name}`, node.start)
    },
    VariableDeclarator: node => bind(node.id),
    FunctionDeclaration: node => bind(node.params),
    FunctionExpression: node => bind(node.params),
    ArrowFunctionExpression: node => bind(node.params),
  }).visit(tree.parse(file).program)
  return uses.filter(each => !bound.has(each.name)).map(each => `${tree.place(file, each.offset)}: ${each.name}`)
}

/** The names that a parameter list or a declaration's pattern binds. */
function namesOf(pattern: unknown): readonly string[] {
  if (Array.isArray(pattern)) return pattern.flatMap(namesOf)
  if (typeof pattern !== 'object' || pattern === null) return []
  const node: Readonly<Record<string, unknown>> = { ...pattern }
  if (node.type === 'Identifier' && typeof node.name === 'string') return [node.name]
  return ['properties', 'elements', 'value', 'argument', 'left', 'parameter'].flatMap(key => namesOf(node[key]))
}
