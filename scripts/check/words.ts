import type { Check } from './check.ts'
import { isProduct } from './source-tree.ts'

const drawers = new Set([
  'util',
  'utils',
  'helper',
  'helpers',
  'common',
  'shared',
  'base',
  'type',
  'types',
  'misc',
  'lib',
])

/** Words that promise something for later. They are put together here so that this file does not hold them itself. */
const promises = new RegExp(
  [
    'TO' + 'DO',
    'FIX' + 'ME',
    'X' + 'XX',
    'HA' + 'CK',
    '[Nn]ot (?:yet )?implemented',
    '\\bstub\\b',
    'placeholder(?!=)',
    'for ' + 'now\\b',
    'in a later',
    'simplif(?:ied|ication) ',
  ].join('|'),
  'g',
)

/** File names that are drawers, and words in product code that promise something for later. */
export const words: Check = {
  name: 'banned words and file names',
  run: tree => ({
    findings: [
      ...tree.files
        .filter(file => /^(?:packages|examples|scripts|tests|bench)\//.test(file))
        .filter(file => file.split('/').some(part => drawers.has(part.replace(/\..*$/, '').toLowerCase())))
        .map(file => `${file}: a name for a drawer`),
      ...tree.files
        .filter(file => isProduct(file) || /\.(?:rego|css|sql)$/.test(file))
        .flatMap(file =>
          [...tree.text(file).matchAll(promises)].map(
            match => `${tree.place(file, match.index)}: "${match[0].trim()}"`,
          ),
        ),
    ],
  }),
}
