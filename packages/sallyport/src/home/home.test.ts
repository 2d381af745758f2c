import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { CommandFailure } from '../command-line/command.ts'
import { homePaths, openHome } from './home.ts'

function folderOf(t: TestContext, mode: number, ...files: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-home-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  for (const file of files) writeFileSync(join(folder, file), 'x')
  chmodSync(folder, mode)
  return folder
}

const modeOf = (folder: string) => statSync(folder).mode & 0o777

test('a missing folder is made for this user alone, and an empty one or one of ours is closed to others', t => {
  const missing = join(folderOf(t, 0o755, 'others.txt'), 'new')
  for (const folder of [
    missing,
    folderOf(t, 0o755),
    folderOf(t, 0o755, 'lock.sqlite'),
    folderOf(t, 0o750, 'master.key'),
  ]) {
    openHome(homePaths(folder, {}, '/'))
    assert.equal(modeOf(folder), 0o700)
  }
})

test('a shared folder of somebody else is refused and left as it is', t => {
  for (const mode of [0o755, 0o777, 0o710]) {
    const folder = folderOf(t, mode, 'others.txt', 'sallyport.yaml')
    assert.throws(
      () => openHome(homePaths(folder, {}, '/')),
      error => error instanceof CommandFailure && error.failure.code === 'home_not_ours',
    )
    assert.equal(modeOf(folder), mode)
  }
})

test('a folder that is closed to others already may hold other things', t => {
  const folder = folderOf(t, 0o700, 'sallyport.yaml')
  openHome(homePaths(folder, {}, '/'))
  assert.equal(modeOf(folder), 0o700)
})
