/** What a user allowed a client. Stored as kind `grant`, key `id`, index `subject`, `client_id` and `subject_client` (`subject client_id`). */
export interface Grant {
  /** `grant_…`, sorts by time. */
  readonly id: string
  readonly subject: string
  readonly client_id: string
  /** Scopes allowed, by resource; OpenID Connect's own scopes stand under the empty name. */
  readonly scopes: Readonly<Record<string, readonly string[]>>
  /** Unix seconds. */
  readonly created_at: number
  /** Unix seconds of the last token issued, to the hour. */
  readonly last_used_at?: number
  /** Unix seconds; a revoked grant is kept until its last token could be replayed. */
  readonly revoked_at?: number
}
