import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { buildImage } from './built-image.ts'
import { openPodman } from './podman.ts'
import { openPods } from './pods.ts'
import { startPostgres } from './postgres.ts'
import { startRedis } from './redis.ts'

const root = join(import.meta.dirname, '../..')
const dockerfile = readFileSync(join(root, 'deploy/Dockerfile'), 'utf8')
const nobody = 65_532
const image = 'sallyport:0.1.0'
const main = ['node', 'packages/sallyport/src/main.ts']

const podman = openPodman()
after(() => podman.close())

test('the image is built as its Dockerfile says', () => {
  buildImage(podman, image)
  const { Config } = JSON.parse(podman.run('image', 'inspect', image))[0]
  assert.deepEqual([Config.User, Config.Entrypoint, Config.Cmd], [`${nobody}:${nobody}`, main, ['start']])
})

/** What a command says in a container of the image that may do nothing. */
function inImage(command: string, ...options: readonly string[]): string {
  const name = 'once'
  const rights = ['--read-only', '--cap-drop', 'ALL']
  podman.start('--name', name, ...rights, ...options, '--entrypoint', 'sh', image, '-c', command)
  podman.run('wait', name)
  const said = podman.logs(name).trim()
  podman.run('rm', name)
  return said
}

test('the image holds what the build lets in and nothing that its user may change', () => {
  assert.equal(inImage('ls'), 'examples\nnode_modules\npackage-lock.json\npackage.json\npackages\npolicies')
  assert.equal(inImage('find packages examples -name "*.test.ts" -o -name testing -o -name "*.suite.ts"'), '')
  assert.equal(
    inImage('find / -xdev -user 65532 2>/dev/null; find /sallyport -perm /o=w -not -type l'),
    '/var/lib/sallyport',
  )
})

test('what Node compiled in the build is found by the user who runs it', () => {
  const said = inImage(`${main.join(' ')} --version`, '--env', 'NODE_DEBUG_NATIVE=COMPILE_CACHE')
  assert.match(said, /^sallyport 0\.1\.0$/m)
  assert.doesNotMatch(said, /Cannot create cache directory|permission denied/)
  assert.match(
    said,
    /V8 code cache for ESM file:\/\/\/sallyport\/packages\/sallyport\/src\/command-line\/table\.ts was accepted/,
  )
})

test('the image runs as nobody on the Node that this project pins', () => {
  const pinned = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).devDependencies.node
  const bases = [...dockerfile.matchAll(/^FROM \S+node:(\S+?)-/gm)].map(([, version]) => version)
  assert.deepEqual(bases, [pinned, pinned])
  assert.match(dockerfile, new RegExp(`^USER ${nobody}:${nobody}$`, 'm'))
  assert.equal(inImage('node --version; id -u'), `v${pinned}\n${nobody}`)
})

test('as the manifests start it the image serves: all parts are ready, a client’s token is taken by a gateway, and each process ends by itself in its time', async t => {
  const [postgres, redis] = await Promise.all([startPostgres(), startRedis(['--maxmemory-policy', 'noeviction'])])
  t.after(() => Promise.all([postgres.stop(), redis.stop()]))
  const pods = await openPods(podman, { postgres: postgres.url, redis: redis.url })
  t.after(() => pods.close())

  await Promise.all([pods.start('authority', 0), pods.start('authority', 1)])
  const sallyport = (words: string) => podman.run('exec', 'authority-0', 'sh', '-c', `${main.join(' ')} ${words}`)
  assert.equal(pods.commands.length, 3)
  for (const command of pods.commands) sallyport(command)
  for (const name of ['gateway', 'app'])
    pods.keep(`${name}.key.json`, podman.run('exec', 'authority-0', 'cat', `/var/lib/sallyport/home/${name}.key.json`))
  await Promise.all([pods.start('gateway', 0), pods.start('gateway', 1), pods.start('bff', 0)])

  const { client_secret } = JSON.parse(
    sallyport(`client add nightly --grant client_credentials --scope read:notes --resource ${pods.api}/notes --json`),
  )
  const issued = await pods.ask(`${pods.issuer}/token`, {
    method: 'POST',
    headers: {
      authorization: `Basic ${btoa(`nightly:${client_secret}`)}`,
      'content-type': 'application/x-www-form-urlencoded',
    },
    body: `grant_type=client_credentials&scope=read:notes&resource=${encodeURIComponent(`${pods.api}/notes`)}`,
  })
  assert.equal(issued.status, 200, issued.text)
  const authorization = `Bearer ${JSON.parse(issued.text).access_token}`
  const answered = await pods.ask(`${pods.api}/notes/1`, { method: 'GET', headers: { authorization } })
  assert.deepEqual([answered.status, answered.text], [200, '/v1/1'])

  for (const name of pods.names) {
    const status = podman.run('exec', name, 'cat', '/proc/1/status')
    assert.match(status, /^Uid:\t65532\t65532\t65532\t65532$/m)
    assert.match(status, /^CapBnd:\t0+$/m)
    assert.match(status, /^NoNewPrivs:\t1$/m)
    assert.match(status, /^Seccomp:\t2$/m)
  }
  assert.deepEqual(
    pods.end().map(({ State }) => State.ExitCode),
    pods.names.map(() => 0),
  )
})
