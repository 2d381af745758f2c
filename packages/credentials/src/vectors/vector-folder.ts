import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const projectRoot = join(import.meta.dirname, '../../../..')
const folder = process.env.SALLYPORT_VECTORS ?? join(projectRoot, '../shared/vectors')

/**
 * Reads a file of the public vectors, from the folder that `SALLYPORT_VECTORS` names.
 *
 * @throws when the folder or the file is missing: a vector test never passes without its vectors
 */
export function readVectors<T>(path: string): T {
  if (!existsSync(folder)) throw new Error(`the folder of test vectors is missing: ${folder} (SALLYPORT_VECTORS)`)
  return JSON.parse(readFileSync(join(folder, path), 'utf8'))
}
