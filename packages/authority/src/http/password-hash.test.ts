import assert from 'node:assert/strict'
import { test } from 'node:test'
import { argon2Passwords, PasswordHashBusy } from './password-hash.ts'

const cheap = { memory: 64, passes: 1, parallelism: 1 }

test('hashes are PHC strings of argon2id with 19 MiB and two passes, salted (RFC 9106, OWASP Password Storage)', async () => {
  const passwords = argon2Passwords()
  const [first, second] = await Promise.all([passwords.hash('pass phrase'), passwords.hash('pass phrase')])
  assert.match(first, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/)
  assert.notEqual(first, second)
  assert.equal(await passwords.verify('pass phrase', first), true)
  assert.equal(await passwords.verify('pass phrasE', first), false)
})

test('a hash of other software is verified by its own parameters', async () => {
  const foreign = await argon2Passwords({ cost: { memory: 128, passes: 3, parallelism: 2 } }).hash('x')
  assert.equal(await argon2Passwords({ cost: cheap }).verify('x', foreign), true)
  assert.equal(await argon2Passwords({ cost: cheap }).verify('x', '$2b$10$notargon'), false)
})

test('one password in two Unicode forms is one password (NIST SP 800-63B §5.1.1.2)', async () => {
  const passwords = argon2Passwords({ cost: cheap })
  assert.equal(await passwords.verify('caf\u00e9', await passwords.hash('cafe\u0301')), true)
})

test('an unknown user costs the same hash as a known one', async () => {
  const passwords = argon2Passwords({ cost: { memory: 8192, passes: 2, parallelism: 1 } })
  const phc = await passwords.hash('right')
  // Processor time, which others on this machine do not lengthen.
  const cost = async (stored: string | undefined) => {
    const from = process.cpuUsage()
    for (let at = 0; at < 10; at += 1) assert.equal(await passwords.verify('wrong', stored), false)
    return process.cpuUsage(from).user
  }
  await cost(phc)
  const [known, unknown] = [await cost(phc), await cost(undefined)]
  assert.ok(unknown > known / 3 && unknown < known * 3, `${unknown} µs against ${known} µs`)
})

test('a flood is bounded: what the queue cannot hold is refused with 503, the rest is served', async () => {
  const passwords = argon2Passwords({ cost: cheap, concurrency: 2, queue: 5 })
  const results = await Promise.allSettled(Array.from({ length: 20 }, () => passwords.hash('x')))
  assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 7)
  const refused = results.find(result => result.status === 'rejected')
  assert.ok(refused?.reason instanceof PasswordHashBusy && refused.reason.statusCode === 503)
  assert.match(await passwords.hash('x'), /^\$argon2id/)
})
