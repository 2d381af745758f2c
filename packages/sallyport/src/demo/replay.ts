import type { BffContext, OpenSession } from '@sallyport/bff'
import { accessTokenHash, createDpopProof } from '@sallyport/credentials'

export interface ReplayAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

const shownHeaders = ['content-type', 'www-authenticate', 'x-request-id']

/** Sends one GET twice with the same proof and returns the second answer, which has to be a refusal (RFC 9449 §11.1). */
export async function replayProof(
  url: string,
  { accessToken, dpopKey }: OpenSession['session']['tokens'],
  context: BffContext,
): Promise<ReplayAnswer> {
  const proof = createDpopProof(dpopKey, {
    htm: 'GET',
    htu: url,
    iat: context.now(),
    jti: Buffer.from(context.random(16)).toString('base64url'),
    ath: accessTokenHash(accessToken),
  })
  const headers = { authorization: `DPoP ${accessToken}`, dpop: proof }
  const first = await context.fetch(url, { headers })
  await first.arrayBuffer()
  const second = await context.fetch(url, { headers })
  const shown = shownHeaders.flatMap(name => {
    const value = second.headers.get(name)
    return value === null ? [] : [[name, value]]
  })
  return {
    status: second.status,
    headers: Object.fromEntries(shown),
    body: Buffer.from(await second.arrayBuffer()),
  }
}
