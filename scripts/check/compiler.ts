import type { Check } from './check.ts'
import { linesOf, runCommand } from './command.ts'

/** Strict TypeScript over the whole tree. */
export const compiler: Check = {
  name: 'types (tsc)',
  run: async tree => {
    const { code, stdout, stderr } = await runCommand('tsc', ['-p', 'tsconfig.json', '--pretty', 'false'], tree.root)
    return { findings: code === 0 ? [] : linesOf(stdout + stderr) }
  },
}
