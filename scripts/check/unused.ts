import type { Check } from './check.ts'
import { linesOf, runCommand } from './command.ts'

/** Files, exports and dependencies that nothing uses, and dependencies that are used but not declared. */
export const unused: Check = {
  name: 'unused code and dependencies (knip)',
  run: async tree => {
    const { code, stdout, stderr } = await runCommand('knip', ['--no-progress', '--reporter', 'compact'], tree.root)
    // An unused file stands there twice, as the place and as what is unused.
    const findings = linesOf(stdout + stderr).map(line => line.replace(/^(.+): \1$/, '$1'))
    return { findings: code === 0 ? [] : findings }
  },
}
