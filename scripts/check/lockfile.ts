import type { Check } from './check.ts'
import { linesOf, runCommand } from './command.ts'
import type { SourceTree } from './source-tree.ts'

/** One entry of package-lock.json, as far as the checks read it. */
export interface LockEntry {
  readonly version?: string
  readonly license?: string
  readonly dev?: boolean
  readonly devOptional?: boolean
  readonly optional?: boolean
  readonly link?: boolean
  readonly hasInstallScript?: boolean
  readonly dependencies?: Readonly<Record<string, string>>
}

/** The lockfile's packages by their path; the project itself has the empty path. */
export function lockEntries(tree: SourceTree): Readonly<Record<string, LockEntry>> {
  const { packages }: { packages: Record<string, LockEntry> } = JSON.parse(tree.text('package-lock.json'))
  return packages
}

/** The lockfile is of the newest format, says what every manifest says, and is complete. */
export const lockfile: Check = {
  name: 'lockfile in step',
  run: async tree => {
    const findings: string[] = []
    if (JSON.parse(tree.text('package-lock.json')).lockfileVersion !== 3)
      findings.push('package-lock.json: not of version 3')
    const entries = lockEntries(tree)
    for (const file of tree.files.filter(each => /^(?:(?:packages|examples)\/[^/]+\/)?package\.json$/.test(each))) {
      const manifest: Record<string, Record<string, string> | undefined> = JSON.parse(tree.text(file))
      const entry: Record<string, unknown> = { ...entries[file.replace(/\/?package\.json$/, '')] }
      for (const kind of ['dependencies', 'devDependencies', 'peerDependencies', 'optionalDependencies']) {
        const [wanted, locked] = [manifest[kind], entry[kind]].map(each =>
          JSON.stringify(Object.entries(each ?? {}).sort()),
        )
        if (wanted !== locked) findings.push(`${file}: its ${kind} are not those of package-lock.json; run npm install`)
        for (const [name, version] of kind === 'peerDependencies' ? [] : Object.entries(manifest[kind] ?? {})) {
          if (!/^\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(version))
            findings.push(`${file}: ${name} is ${version}, not one exact version`)
        }
      }
    }
    const { code, stderr } = await runCommand('npm', ['ls', '--all', '--package-lock-only'], tree.root)
    if (code !== 0) findings.push(...linesOf(stderr).filter(line => !/A complete log|npm error code/.test(line)))
    return { findings }
  },
}
