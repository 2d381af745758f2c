import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { RacedSaid } from '../bench/sides/raced-oidc-provider.ts'
import { runCommandLine } from '../packages/sallyport/src/command-line/run.ts'
import { commands } from '../packages/sallyport/src/command-line/table.ts'
import { type OwnProcess, ownProcess } from './own-process.ts'
import { UserAgent } from './user-agent.ts'

const PARALLEL = 20

interface Peer {
  readonly said: RacedSaid
  readonly process: OwnProcess
}

/** oidc-provider, each verb of its store so far away; an approved device code with it. */
async function startPeer(delayMs: number): Promise<Peer> {
  const script = join(import.meta.dirname, '../bench/sides/raced-oidc-provider.ts')
  const process_ = ownProcess(process.execPath, [script, String(delayMs), '0', '1'])
  const line = () => /^\{"issuer".*\}$/m.exec(process_.said())?.[0]
  await process_.until(() => line() !== undefined, 'it serves')
  return { said: JSON.parse(line() ?? ''), process: process_ }
}

let near: Peer
let far: Peer
before(async () => {
  ;[near, far] = await Promise.all([startPeer(0), startPeer(100)])
})
after(() => Promise.all([near.process.stop(), far.process.stop()]))

interface Circumstances {
  readonly environment?: Readonly<Record<string, string>>
  /** What the person at the terminal does before answering yes, told what the command said. */
  readonly approve?: (note: string) => Promise<unknown>
}

async function race({ said }: Peer, words: readonly string[], { environment = {}, approve }: Circumstances = {}) {
  let [out, note] = ['', '']
  const line = ['race', '--json', '--target', said.issuer, '--parallel', String(PARALLEL), ...words]
  const code = await runCommandLine(line, commands, '1.2.3', ({ json }) => ({
    out: text => {
      out += text
    },
    note: text => {
      note += text
    },
    interactive: approve !== undefined,
    colour: false,
    json,
    environment: { SALLYPORT_CLIENT_SECRET: said.secret, ...environment },
    directory: '/nowhere',
    confirm: async () => {
      await approve?.(note)
      return true
    },
  }))
  const { contests } = JSON.parse(out)
  assert.equal(contests?.length, 1, out)
  return { code, contest: contests[0] }
}

const web = ({ said }: Peer) => [
  ...['--client', 'web', '--redirect', said.redirectUri],
  ...['--scope', 'read:orders', '--rounds', '1'],
]
const tv = (words: readonly string[]) => ['--client', 'tv', ...words]
const signedIn = ({ said }: Peer) => ({ environment: { SALLYPORT_SESSION_COOKIE: said.cookies } })
const asPublic = { environment: { SALLYPORT_CLIENT_SECRET: '' } }

test('at oidc-provider opening uses no request_uri up, and race says that it decided nothing (RFC 9126 §7.3)', async () => {
  const { code, contest } = await race(near, web(near))
  assert.deepEqual([code, contest.won, contest.answers], [0, PARALLEL, { '303': PARALLEL }])
  assert.match(contest.undecided, /opening does not use it up/)
})

test('at oidc-provider in memory one request_uri brings a signed-in user one code (RFC 9126 §4)', async () => {
  const { code, contest } = await race(near, web(near), signedIn(near))
  assert.equal(code, 0)
  assert.deepEqual(contest.answers, { '303 code': 1, '303 invalid_request_uri': PARALLEL - 1 })
})

test('race finds that with its records away one request_uri brings a signed-in user several codes: exit 10', async () => {
  const { code, contest } = await race(far, web(far), signedIn(far))
  assert.deepEqual([code, contest.right, contest.won > 1], [10, false, true], JSON.stringify(contest))
})

test('at oidc-provider in memory one of many wins with a device code that its user approved in a browser (RFC 8628 §3.4)', async () => {
  const approve = async (note: string) => {
    const address = /http\S+/.exec(note)?.[0] ?? ''
    const browser = new UserAgent()
    let page = await browser.open(address)
    for (const question of ['the user code', 'confirm']) {
      const [form] = page.forms
      assert.ok(form, `no form for ${question}: ${page.html}`)
      page = await browser.submit(page, form)
    }
    assert.match(page.heading, /success/i)
  }
  const { code, contest } = await race(near, tv(['--device', '--scope', 'read:orders']), { ...asPublic, approve })
  assert.equal(code, 0)
  assert.deepEqual(contest.answers, { '200': 1, '400 invalid_grant': PARALLEL - 1 })
})

test('race finds that with its records away several win with one device code, or nobody: exit 10', async () => {
  const { code, contest } = await race(far, tv(['--device-code', far.said.deviceCodes[0] ?? '']), asPublic)
  // Nobody, where a loser's revocation of the grant comes before a winner's look at it.
  assert.deepEqual([code, contest.right, contest.won !== 1], [10, false, true], JSON.stringify(contest))
})
