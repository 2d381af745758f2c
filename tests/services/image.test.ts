import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, cpSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { freePorts } from '../free-ports.ts'
import { ownProcess } from '../own-process.ts'

const root = join(import.meta.dirname, '../..')
const dockerfile = readFileSync(join(root, 'deploy/Dockerfile'), 'utf8')
const nobody = 65_532

/** The steps of the first stage, as they are written; a comment stands before it. */
const steps = (dockerfile.split('\nFROM ')[1] ?? '')
  .split('\n')
  .filter(line => line.startsWith('RUN '))
  .map(line => line.slice('RUN '.length))

// No container engine is needed for this: what the image is made of is made here, and runs as it would there.
test('the image’s own steps make an installation that runs as nobody, on files it cannot change', async t => {
  const image = mkdtempSync(join(tmpdir(), 'sallyport-image-'))
  chmodSync(image, 0o755)
  const home = mkdtempSync(join(tmpdir(), 'sallyport-image-home-'))
  t.after(() => {
    execFileSync('chmod', ['-R', 'u+w', image])
    for (const folder of [image, home]) rmSync(folder, { recursive: true, force: true })
  })
  for (const name of built()) {
    mkdirSync(dirname(join(image, name)), { recursive: true })
    cpSync(join(root, name), join(image, name))
  }
  // npm keeps its registry where its user does.
  const building = { ...process.env, PATH: `${dirname(process.execPath)}:${process.env.PATH}` }
  for (const step of steps) {
    const here = step.replaceAll('=/sallyport/', `=${image}/`)
    execFileSync('/bin/sh', ['-c', here], { cwd: image, env: building, stdio: ['ignore', 'ignore', 'inherit'] })
  }
  execFileSync('chmod', ['-R', 'a-w,a+rX', image])
  execFileSync('chown', ['-R', `${nobody}:${nobody}`, home])
  const ports = await freePorts(['authority', 'gateway', 'gateway-tls', 'app', 'orders-api'])
  const flags = Object.entries(ports).flatMap(([part, port]) => [`--${part}-port`, String(port)])
  const started = ownProcess(process.execPath, ['packages/sallyport/src/main.ts', 'start', ...flags], {
    cwd: image,
    env: {
      PATH: building.PATH,
      NODE_ENV: 'production',
      NODE_COMPILE_CACHE: join(image, 'node_modules/.cache/node-compile'),
      SALLYPORT_HOME: home,
    },
    uid: nobody,
    gid: nobody,
  })
  t.after(async () => {
    started.signal('SIGTERM')
    await started.ended()
  })
  await started.until(() => started.said().includes('ready in'), 'it is ready')
  const answer = await fetch(`http://localhost:${ports.authority}/readyz`)
  assert.equal(answer.status, 200)
  const status = execFileSync('ps', ['-o', 'uid=', '-p', String(started.pid)], { encoding: 'utf8' })
  assert.equal(Number(status), nobody)
})

test('the image runs as nobody on the Node that this project pins', () => {
  const pinned = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).devDependencies.node
  const bases = [...dockerfile.matchAll(/^FROM \S+node:(\S+?)-/gm)].map(([, version]) => version)
  assert.deepEqual(bases, [pinned, pinned])
  assert.match(dockerfile, new RegExp(`^USER ${nobody}:${nobody}$`, 'm'))
})

/** What the build's context holds: the files in git that `Dockerfile.dockerignore` lets in. */
function built(): readonly string[] {
  const rules = readFileSync(join(root, 'deploy/Dockerfile.dockerignore'), 'utf8').split('\n').filter(Boolean)
  const letIn = rules.filter(rule => rule.startsWith('!')).map(rule => rule.slice(1))
  const keptOut = new Set(rules.filter(rule => /[*]./.test(rule)).flatMap(rule => globSync(rule, { cwd: root })))
  return execFileSync('git', ['ls-files'], { cwd: root, encoding: 'utf8' })
    .split('\n')
    .filter(name => letIn.some(each => name === each || name.startsWith(`${each}/`)))
    .filter(name => !keptOut.has(name) && ![...keptOut].some(each => name.startsWith(`${each}/`)))
}
