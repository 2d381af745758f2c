import type { Check } from './check.ts'
import { linesOf, runCommand } from './command.ts'

/** One formatter and linter; a warning counts. */
export const formatAndLint: Check = {
  name: 'format and lint (biome)',
  run: async tree => {
    const { code, stdout, stderr } = await runCommand(
      'biome',
      ['check', '--error-on-warnings', '--reporter=github', '.'],
      tree.root,
    )
    if (code === 0) return { findings: [] }
    const findings = linesOf(stdout).flatMap(line => {
      const match = /^::(?:error|warning) title=([^,]*),file=([^,]*),line=(\d+).*?::(.*)$/.exec(line)
      return match === null ? [] : [`${match[2]?.replace(`${tree.root}/`, '')}:${match[3]}: ${match[1]}: ${match[4]}`]
    })
    return { findings: findings.length > 0 ? findings : linesOf(stdout + stderr) }
  },
}
