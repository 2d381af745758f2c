import type { Check } from './check.ts'
import { runCommand } from './command.ts'

interface Audit {
  readonly error?: unknown
  readonly message?: string
  readonly vulnerabilities?: Readonly<Record<string, { readonly severity: string; readonly range: string }>>
}

/** Known vulnerabilities of what is installed, asked of the registry; where it does not answer, that is said. */
export const vulnerabilities: Check = {
  name: 'known vulnerabilities (npm audit)',
  run: async tree => {
    const { stdout } = await runCommand('npm', ['audit', '--json', '--package-lock-only'], tree.root)
    const audit: Audit = stdout.trim().startsWith('{') ? JSON.parse(stdout) : { message: 'npm audit said nothing' }
    if (audit.vulnerabilities === undefined) {
      const cause = (audit.message ?? 'no answer').replace(/https?:\/\/\S+/g, 'the registry')
      return { findings: [], notDone: `the registry gives no advisories (${cause})` }
    }
    return {
      findings: Object.entries(audit.vulnerabilities).map(
        ([name, { severity, range }]) => `${name} ${range}: ${severity}`,
      ),
    }
  },
}
