import { dirname, join } from 'node:path/posix'
import type { Check } from './check.ts'
import { importsOf } from './imports.ts'
import { isTestCode, packageOf, type SourceTree } from './source-tree.ts'

/** Which of our packages each may import: DESIGN §3. */
const edges: Readonly<Record<string, readonly string[]>> = {
  credentials: [],
  store: [],
  policy: [],
  server: [],
  guard: ['credentials', 'policy'],
  authority: ['credentials', 'store', 'policy', 'server'],
  gateway: ['guard', 'policy', 'credentials', 'store', 'server'],
  bff: ['credentials', 'store', 'server'],
  workload: ['credentials'],
  posture: ['guard', 'credentials'],
  console: [],
  sallyport: [
    'authority',
    'bff',
    'console',
    'credentials',
    'gateway',
    'guard',
    'policy',
    'posture',
    'server',
    'store',
    'workload',
  ],
}

/** What examples may import: the packages that a service installs. */
const published = ['guard', 'policy']

/** Imports run downwares only, by the packages' published entry points. */
export const importDirections: Check = {
  name: 'import directions',
  run: tree => ({
    findings: tree.files
      .filter(file => /^(?:packages\/[^/]+|examples\/[^/]+)\/.*\.ts$/.test(file))
      .flatMap(file =>
        importsOf(tree, file).flatMap(each =>
          judge(tree, file, each.specifier).map(finding => `${tree.place(file, each.offset)}: ${finding}`),
        ),
      ),
  }),
}

function judge(tree: SourceTree, file: string, specifier: string): readonly string[] {
  const home = file.split('/').slice(0, 2).join('/')
  if (specifier.startsWith('.')) {
    const target = join(dirname(file), specifier)
    return target.startsWith(`${home}/`) ? [] : [`${specifier} leaves ${home}`]
  }
  const [, name, entry = ''] = /^(?:@sallyport\/([^/]+)|sallyport)(\/.*)?$/.exec(specifier) ?? []
  if (name === undefined) return isExample(tree, specifier) ? [`${specifier} is an example, which nothing imports`] : []
  const findings: string[] = []
  if (!isPublished(tree, name, entry)) findings.push(`${specifier} is not an entry point of its package`)
  const own = packageOf(file)
  const allowed = own === undefined ? published : [own, ...(edges[own] ?? [])]
  if (!allowed.includes(name)) findings.push(`${own ?? 'an example'} may not import ${name}`)
  if (/suite$/.test(entry) && !isTestCode(file)) findings.push(`${specifier} is for tests`)
  return findings
}

function isPublished(tree: SourceTree, name: string, entry: string): boolean {
  const manifest = `packages/${name}/package.json`
  if (!tree.files.includes(manifest)) return false
  const { exports = {} }: { exports?: Record<string, string> } = JSON.parse(tree.text(manifest))
  return Object.hasOwn(exports, `.${entry}`)
}

function isExample(tree: SourceTree, specifier: string): boolean {
  return tree.files
    .filter(file => /^examples\/[^/]+\/package\.json$/.test(file))
    .some(file => JSON.parse(tree.text(file)).name === specifier)
}
