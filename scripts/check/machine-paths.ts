import { homedir, tmpdir } from 'node:os'
import { dirname } from 'node:path'
import type { Check } from './check.ts'
import { runCommand } from './command.ts'

/** Paths of one machine and addresses of a package registry, in any committed file. */
export const machinePaths: Check = {
  name: 'no machine paths, no registry addresses',
  run: async tree => {
    const { stdout } = await runCommand('npm', ['config', 'get', 'registry'], tree.root)
    const registry = URL.parse(stdout.trim())?.host
    const above = `${dirname(tree.root)}/`
    const literals = [
      `${homedir()}/`,
      registry,
      above === '/' || tmpdir().startsWith(above.slice(0, -1)) ? undefined : above,
    ]
    const patterns = [
      ...literals.filter(each => each !== undefined && each !== '/').map(each => RegExp.escape(String(each))),
      '"resolved": *"http',
      String.raw`(?<![\w.])\/(?:home|Users)\/[\w.-]+\/`,
    ]
    const pattern = new RegExp(patterns.join('|'), 'g')
    return {
      findings: tree.files
        .filter(file => !/\.(?:wasm|png|jpg|ico|woff2)$/.test(file) && file !== 'scripts/check/machine-paths.ts')
        .flatMap(file =>
          [...tree.text(file).matchAll(pattern)]
            .slice(0, 3)
            .map(match => `${tree.place(file, match.index)}: ${match[0]}`),
        ),
    }
  },
}
