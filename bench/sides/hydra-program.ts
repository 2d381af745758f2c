import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { isThere } from './wrk.ts'

export const hydraVersion = '2.3.0'
const module = 'github.com/ory/hydra/v2'
/** A fork that Hydra's own go.mod puts in, which holds for its own builds only; its code needs it. */
const replaced = 'github.com/gobuffalo/pop/v6=github.com/ory/pop/v6@v6.2.1-0.20241121111754-e5dfc0f3344b'

/**
 * Where Hydra's program is, built once from its module.
 *
 * @throws Error naming what is missing when it cannot be built
 */
export function hydraProgram(): string {
  const folder = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), `sallyport-ci/hydra-${hydraVersion}`)
  const program = join(folder, 'hydra')
  if (existsSync(program)) return program
  if (!isThere('go')) throw new Error('go is missing (1.24 or newer), which builds Hydra: apt-get install golang')
  process.stderr.write(`Hydra ${hydraVersion} is missing and is built, which takes minutes\n`)
  const work = mkdtempSync(join(tmpdir(), 'sallyport-hydra-'))
  const go = (...words: readonly string[]) =>
    execFileSync('nice', ['-n', '10', 'go', ...words], {
      cwd: work,
      env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-mod=mod' },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
  try {
    go('mod', 'init', 'raced')
    go('mod', 'edit', `-replace=${replaced}`)
    go('get', '-tool', `${module}@v${hydraVersion}`)
    mkdirSync(folder, { recursive: true })
    const linked = `-s -w -X ${module}/driver/config.Version=v${hydraVersion}`
    go('build', '-ldflags', linked, '-o', `${program}.new`, module)
    // By one rename: a build that was cut off is not taken for a program.
    renameSync(`${program}.new`, program)
  } catch (error) {
    throw new Error(`Hydra ${hydraVersion} could not be built`, { cause: error })
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
  return program
}
