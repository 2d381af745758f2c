import type { Check } from './check.ts'
import { linesOf, runCommand } from './command.ts'

/** Files, exports and dependencies that nothing uses, and dependencies that are used but not declared. */
export const unused: Check = {
  name: 'unused code and dependencies (knip)',
  run: async tree => {
    const { code, stdout, stderr } = await runCommand('knip', ['--no-progress', '--reporter', 'compact'], tree.root)
    return { findings: code === 0 ? [] : linesOf(stdout + stderr) }
  },
}
