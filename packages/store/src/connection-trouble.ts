/**
 * Why a connection could not be made or was lost, in one line for people. OpenSSL adds where in its source it noticed,
 * and a line's end; its reason alone is what an operator can use.
 */
export function connectionTrouble(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (isTlsTrouble(error) && 'reason' in error) return `TLS: ${error.reason}`
  return error.message || error.name
}

/** Whether TLS failed, on this side or told by the other one (an alert, RFC 8446 §6). */
export function isTlsTrouble(error: unknown): boolean {
  return error instanceof Error && 'code' in error && /^ERR_(?:SSL|OSSL)_/.test(String(error.code))
}
