import type { Answer } from '@sallyport/guard'
import { errorCodes, type GatewayErrorName } from './error-codes.ts'

/** Why the gateway did not pass a request on. `expected` and `got` are for the log alone. */
export interface GatewayRefusal {
  readonly refused: GatewayErrorName
  readonly rule?: string
  readonly expected?: string
  readonly got?: string
}

/** A refusal as a problem document (RFC 9457), in the same form as door one's. */
export function problem(
  { refused }: GatewayRefusal,
  requestId: string,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  const { status, title, hint } = errorCodes[refused]
  const body = {
    type: `urn:sallyport:error:${refused}`,
    title,
    status,
    code: refused,
    detail: hint,
    request_id: requestId,
  }
  const retry: Record<string, string> = status === 503 || status === 502 || status === 504 ? { 'retry-after': '1' } : {}
  return {
    status,
    headers: { 'content-type': 'application/problem+json', 'cache-control': 'no-store', ...retry, ...headers },
    body: JSON.stringify(body),
  }
}
