import { watch } from 'node:fs'
import { basename, dirname } from 'node:path'
import { compareConfiguration, type Log } from '@sallyport/server'
import { isFailure } from '../command-line/command.ts'
import { type Environment, type LoadedConfiguration, loadConfiguration, type Settings } from './load.ts'
import { sections } from './sections.ts'

const settleMs = 200

/**
 * Reads the configuration again when its file changes or on SIGHUP. What is live takes effect at once; what is not is named
 * in the log and waits for a restart; a file with a mistake changes nothing.
 */
export function watchConfiguration(
  loaded: LoadedConfiguration,
  environment: Environment,
  log: Log,
  apply: (settings: Settings) => void,
): { close(): void } {
  let current = loaded.values
  let timer: NodeJS.Timeout | undefined
  const reload = () => {
    const next = loadConfiguration(loaded.file, environment)
    if (isFailure(next)) {
      log.error('configuration_refused', { message: next.message })
      return
    }
    const changes = compareConfiguration(sections, current, next.values)
    if (changes.length === 0) return
    current = next.values
    apply(current)
    const keys = (live: boolean) => changes.filter(change => change.live === live).map(change => change.key)
    log.info('configuration_reloaded', { live: keys(true), after_restart: keys(false) })
  }
  const soon = () => {
    clearTimeout(timer)
    timer = setTimeout(reload, settleMs)
  }
  process.on('SIGHUP', soon)
  const { file } = loaded
  // The folder is watched, because editors replace a file rather than write into it.
  const watcher =
    file === undefined ? undefined : watch(dirname(file), (_event, name) => name === basename(file) && soon())
  watcher?.unref()
  return {
    close: () => {
      process.off('SIGHUP', soon)
      clearTimeout(timer)
      watcher?.close()
    },
  }
}
