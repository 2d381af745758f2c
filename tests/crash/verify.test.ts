import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { getCode, redemption, tokenRequest, tokensIn } from '../code-flow.ts'
import { systemOfFile } from '../system.ts'
import { type HeldFamily, nothingAcknowledged } from './acknowledged.ts'
import { type Findings, verify, verifyTrail } from './verify.ts'

const system = await systemOfFile()
const resource = system.resources.outside

async function signedIn(): Promise<HeldFamily> {
  const asked = { client: 'web-app', username: 'alice', scope: 'openid offline_access read:orders', resource }
  const code = await getCode(system, asked)
  const { access, refresh } = tokensIn(await tokenRequest(system, 'web-app', redemption(code)))
  return { client: 'web-app', code, refresh: [refresh], access, revocation: 'none' }
}

test('what a system lost or let be used twice is found: a crash test that cannot fail proves nothing', async () => {
  const live = await signedIn()
  const grant = { grant_type: 'client_credentials', resource }
  const { access } = tokensIn(await tokenRequest(system, 'nightly', grant))
  const unused = await getCode(system, { client: 'web-app', username: 'alice', scope: 'read:orders', resource })
  const known = {
    ...nothingAcknowledged(),
    families: [
      await signedIn(),
      { ...live, revocation: 'acknowledged' as const },
      { ...(await signedIn()), refresh: ['sp_rt_never'], access: 'sp_at_never' },
      { ...(await signedIn()), code: unused },
    ],
    machineTokens: [access, 'sp_at_never'],
    revokedTokens: [access],
  }
  const findings: Findings = { lost: [], usedTwice: [] }
  await verify(system, known, findings)
  assert.deepEqual(
    findings.lost.map(found => found.replace(/: .*/, '')),
    [
      'the revocation of a family',
      'the revocation of a family, to introspection',
      'an access token of a family is not active',
      'the newest refresh token of a family',
      'an access token that was given is not active',
      'the revocation of an access token',
    ],
  )
  assert.deepEqual(findings.usedTwice, ['a code whose redemption was acknowledged'])
  const trail: Findings = { lost: [], usedTwice: [] }
  verifyTrail(readFileSync(join(system.home, 'audit.log'), 'utf8').split('\n'), [known], trail)
  assert.deepEqual(trail.lost, [
    'the audit record of a grant',
    'the audit record of a grant',
    'the audit record of a revocation',
  ])
})
