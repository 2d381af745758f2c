import assert from 'node:assert/strict'
import { test } from 'node:test'
import { judgePassword } from './password.ts'

const reason = (password: string): string => {
  const judged = judgePassword(password, 'alice')
  return judged === 'fine' ? judged : judged.refused
}

test('length decides, kinds of characters do not (NIST SP 800-63B §5.1.1.2)', () => {
  assert.equal(reason('elevenchars'), 'password_short')
  assert.equal(reason('twelve chars'), 'fine')
  assert.equal(reason('日本語日本語日本語のひらが'), 'fine')
  assert.equal(reason('x y'.repeat(400)), 'password_long')
})

test('well-known passwords, one letter repeated and the username itself are refused (NIST SP 800-63B §5.1.1.2)', () => {
  for (const password of ['password1234', 'PasswordPassword', 'aaaaaaaaaaaaaa', 'alicealicealice', 'ALICEalicealice1'])
    assert.equal(reason(password), 'password_known', password)
})
