/**
 * Whether a text is the URL of a Postgres. A password with a slash or a number sign in it has to be encoded (RFC 3986 §3.2.1):
 * else the URL ends the host there, and the rest of the password would be taken for a database, whose name is told.
 */
export function isPostgresAddress(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { pathname, hash } = new URL(text)
  return hash === '' && !pathname.includes('@')
}
