/** One measurement: `npm run bench -- <name>` runs bench/<name>.ts and keeps its result; without a name, the list. */
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { commit, machine } from './measured.ts'

const root = resolve(import.meta.dirname, '..')
const names = globSync('bench/*.ts', { cwd: root })
  .map(file => basename(file, '.ts'))
  .sort()
const [name] = process.argv.slice(2)

if (name === undefined) {
  process.stdout.write(
    names.length === 0
      ? 'bench/ has no measurements\n'
      : `npm run bench -- <name>, one of:\n${names.map(each => `  ${each}: ${question(each)}\n`).join('')}`,
  )
} else if (!names.includes(name)) {
  process.stderr.write(`bench/${name}.ts is not there; known: ${names.join(', ') || 'none'}\n`)
  process.exitCode = 2
} else {
  await measure(name)
}

async function measure(chosen: string): Promise<void> {
  const { default: run }: { default: () => Promise<unknown> } = await import(join(root, 'bench', `${chosen}.ts`))
  const begun = new Date()
  const result = await run()
  const record = {
    name: chosen,
    question: question(chosen),
    date: begun.toISOString(),
    commit: commit(root),
    machine: machine(),
    versions: versions(),
    result,
  }
  const text = `${JSON.stringify(record, null, 2)}\n`
  mkdirSync(join(root, 'bench/results'), { recursive: true })
  writeFileSync(join(root, 'bench/results', `${chosen}.json`), text)
  process.stdout.write(text)
}

/** What a measurement asks: the first sentence of the docstring of its default export. */
function question(chosen: string): string {
  const text = readFileSync(join(root, 'bench', `${chosen}.ts`), 'utf8')
  const docstring = /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*export default/.exec(text)?.[1] ?? ''
  const words = docstring.replace(/\s*\n\s*\*\s?/g, ' ').trim()
  return /^.*?[.?](?=\s|$)/.exec(words)?.[0] ?? (words || 'says no question')
}

/** Node's, and the exact ones of everything that a measurement may compare with. */
function versions(): Readonly<Record<string, string>> {
  const manifests = ['', ...globSync('packages/*/', { cwd: root })]
    .map(folder => join(root, folder, 'package.json'))
    .filter(existsSync)
  const wanted = manifests.flatMap(file => {
    const { dependencies = {}, devDependencies = {} } = JSON.parse(readFileSync(file, 'utf8'))
    return Object.entries({ ...dependencies, ...devDependencies }).filter(
      ([dependency]) => !dependency.startsWith('@sallyport/'),
    )
  })
  return {
    ...Object.fromEntries(wanted.toSorted().map(([dependency, version]) => [dependency, String(version)])),
    node: process.versions.node,
  }
}
