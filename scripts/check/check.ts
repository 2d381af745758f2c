import type { SourceTree } from './source-tree.ts'

/** One check of `npm run check`. */
export interface Check {
  /** What is checked, as a short noun: `import directions`. */
  readonly name: string
  run(tree: SourceTree): Promise<Outcome> | Outcome
}

export interface Outcome {
  /** Each thing that is wrong, with its place. None: the check passed. */
  readonly findings: readonly string[]
  /** Why the check, or a part of it, could not be done here. Said by name, not a failure. */
  readonly notDone?: string
}
