import type { Refusal } from '@sallyport/credentials'

/**
 * A username as it is compared: without case and in one Unicode form, so that two accounts cannot look alike by that.
 * Letters, digits and `. _ @ + -`, 1 to 64 characters (RFC 8265 §3.3, the profile UsernameCaseMapped, narrowed).
 */
export function judgeUsername(sent: string): { readonly username: string } | Refusal<'username_malformed'> {
  const username = sent.normalize('NFKC').trim().toLowerCase()
  if (/^[\p{L}\p{M}\p{N}._@+-]{1,64}$/u.test(username)) return { username }
  return {
    refused: 'username_malformed',
    rule: 'RFC 8265 §3.3',
    expected: '1 to 64 letters, digits and . _ @ + -',
    got: `${username.length} characters`,
    hint: 'A username has 1 to 64 letters, digits and . _ @ + - and no spaces.',
  }
}
