import { strict as assert } from 'node:assert'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import { NO_PRETENURING } from './young-objects.ts'

test('the V8 of this Node has the option that keeps objects young', () => {
  const known = execFileSync(process.execPath, ['--v8-options'], { encoding: 'utf8' })
  assert.match(
    known,
    new RegExp(
      `^ +${NO_PRETENURING.replace('--no-', '--')} .*\\n +type: bool +default: --allocation-site-pretenuring$`,
      'm',
    ),
  )
})
