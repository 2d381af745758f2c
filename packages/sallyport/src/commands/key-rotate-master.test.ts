import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { isFailure } from '../command-line/command.ts'
import { runCommandLine } from '../command-line/run.ts'
import { commands } from '../command-line/table.ts'
import { openData } from '../composition/data.ts'
import { loadConfiguration } from '../configuration/load.ts'
import { homePaths, openHome } from '../home/home.ts'

test('what the back end of an own page keeps is sealed again too: it opens after any number of rotations', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-rotate-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const home = homePaths(folder, {}, folder)
  openHome(home)
  const loaded = loadConfiguration(undefined, {})
  assert.ok(!isFailure(loaded))
  const open = () => openData(home, loaded.values, { writer: 'test', stores: ['authority', 'bff'] })
  const before = await open()
  const session = { kind: 'browser-session', key: 's', value: { of: 'alice' } }
  await before.bff?.store.of('main').commit([{ put: session }])
  await before.close()
  for (let rotation = 0; rotation < 3; rotation += 1) {
    let told = ''
    const hear = (text: string) => {
      told += text
    }
    const words = ['key', 'rotate-master', '--home', folder, '--yes']
    const code = await runCommandLine(words, commands, '1.2.3', ({ json }) => ({
      ...{ out: hear, note: hear, interactive: false, colour: false, json, environment: {}, directory: folder },
      confirm: async () => true,
    }))
    assert.equal(code, 0, told)
  }
  const after = await open()
  t.after(() => after.close())
  assert.deepEqual((await after.bff?.store.of('main').peek('browser-session', 's'))?.value, session.value)
})
