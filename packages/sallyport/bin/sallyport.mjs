#!/usr/bin/env node
// Runs the command line on a Node that runs TypeScript. `npx sallyport` finds the pinned one by itself; a shell that
// starts this file with an older Node is handed over to it.
import { spawnSync } from 'node:child_process'
import module from 'node:module' // whole: an older Node has no `enableCompileCache` to import by name
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))

if (Number(process.versions.node.split('.')[0]) >= 24) {
  // Compiled code is kept where `npm start` keeps it, and by the children too.
  process.env.NODE_COMPILE_CACHE ??= fileURLToPath(
    new URL('../../../node_modules/.cache/node-compile', import.meta.url),
  )
  module.enableCompileCache(process.env.NODE_COMPILE_CACHE)
  await import('../src/main.ts')
} else {
  const pinned = module
    .createRequire(import.meta.url)
    .resolve('node/package.json')
    .replace(/package\.json$/, 'bin/node')
  const { status, error } = spawnSync(pinned, [main, ...process.argv.slice(2)], { stdio: 'inherit' })
  if (error !== undefined) process.stderr.write(`sallyport needs Node 24 or later: ${error.message}\n`)
  process.exitCode = status ?? 1
}
