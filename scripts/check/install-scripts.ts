import type { Check } from './check.ts'
import { lockEntries } from './lockfile.ts'

/** Only the pinned Node may run a script when it is installed. */
export const installScripts: Check = {
  name: 'install scripts',
  run: tree => {
    const { allowScripts }: { allowScripts?: unknown } = JSON.parse(tree.text('package.json'))
    const listed =
      JSON.stringify(allowScripts) === '{"node":true}' ? [] : ['package.json: allowScripts is not { "node": true }']
    const scripted = Object.entries(lockEntries(tree))
      .filter(([path, entry]) => entry.hasInstallScript === true && path !== 'node_modules/node')
      .map(([path]) => `${path} runs a script when it is installed`)
    return { findings: [...listed, ...scripted] }
  },
}
