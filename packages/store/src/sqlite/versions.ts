import type { Statements } from './operations.ts'

const BLOCK = 1_000

/**
 * Versions come from one counter of the file, so a record that was removed and made again never has a version it had
 * before, whichever process wrote it. They are drawn in blocks, inside a group's transaction: a statement for each record
 * would be a fifth of what writing takes.
 */
export class Versions {
  readonly #run: Statements
  #last = 0
  #end = 0

  constructor(run: Statements) {
    this.#run = run
  }

  next(): number {
    if (this.#last === this.#end) {
      this.#end = Number(this.#run.drawVersions.get(BLOCK)?.[0])
      this.#last = this.#end - BLOCK
    }
    this.#last += 1
    return this.#last
  }

  /** After a rollback, of a group or of one operation: a block that was drawn in it was not. */
  forget(): void {
    this.#last = this.#end
  }
}
