import type { Management } from './management.ts'

/** The subject of a user's tokens by username, `undefined` when there is no such user. A subject stands for itself. */
export async function subjectOf(management: Management, username: string): Promise<string | undefined> {
  if (username.startsWith('user_')) return username
  const { body } = await management.get(`/users?username=${encodeURIComponent(username)}`)
  const [user] = Array.isArray(body.items) ? body.items : []
  return user === undefined ? undefined : String(Object(user).id)
}
