import { execFileSync } from 'node:child_process'
import { availableParallelism, cpus, totalmem } from 'node:os'

/** The commit that is measured, and whether the tree is exactly that. */
export function commit(root: string): string {
  const git = (...words: string[]): string => execFileSync('git', words, { cwd: root, encoding: 'utf8' }).trim()
  return `${git('rev-parse', '--short', 'HEAD')}${git('status', '--porcelain') === '' ? '' : ' with changes'}`
}

/** What it is measured on. */
export function machine(): object {
  const memoryGiB = Math.round(totalmem() / 2 ** 30)
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGiB,
    system: `${process.platform} ${process.arch}`,
  }
}
