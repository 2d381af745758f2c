import { setFlagsFromString } from 'node:v8'

/** V8's, and a test tells when a newer V8 has it no more. */
export const NO_PRETENURING = '--no-allocation-site-pretenuring'

/**
 * Has V8 make every object among the young ones. It would learn, from a minute in which requests took longer than a young
 * collection comes round, that what a request makes lives long, and make it among the old ones from then on. Nothing there
 * goes before an old collection, and neither does what it refers to: of each request some kilobytes, so that old collections
 * come every two seconds and everybody waits for them. Whether it learns so is chance, and differs from start to start.
 */
export function makeObjectsYoung(): void {
  setFlagsFromString(NO_PRETENURING)
}
