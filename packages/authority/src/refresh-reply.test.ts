import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { openReply, sealReply } from './refresh-reply.ts'

test('only the token that a reply was sealed under opens it (DECISIONS "Refresh")', () => {
  const sealed = sealReply('R0', 'R1', bytes => randomBytes(bytes))
  assert.equal(openReply('R0', sealed), 'R1')
  assert.equal(openReply('R1', sealed), undefined)
  assert.doesNotMatch(Buffer.from(sealed, 'base64url').toString('latin1'), /R1/)
})

test('a changed, cut or foreign text opens to nothing', () => {
  const sealed = Buffer.from(
    sealReply('R0', 'R1', bytes => randomBytes(bytes)),
    'base64url',
  )
  for (let at = 0; at < sealed.length; at += 1) {
    const changed = Buffer.from(sealed)
    changed.writeUInt8(changed.readUInt8(at) ^ 1, at)
    assert.equal(openReply('R0', changed.toString('base64url')), undefined)
  }
  for (const text of ['', 'x', sealed.subarray(0, 27).toString('base64url')])
    assert.equal(openReply('R0', text), undefined)
})
