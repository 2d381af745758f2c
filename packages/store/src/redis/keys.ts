import { hash } from 'node:crypto'
import { spellNewName } from '../names.ts'

/**
 * The key of a value: `prefix:{tenant:00}:what:kind:name`, names escaped as in a URL so that none can end the tag. The hash
 * tag (in braces, all that a cluster looks at) keeps what one script needs on one node, and its two digits spread a
 * tenant over a cluster: without them an installation with one tenant would use one node.
 */
export function keyOf(prefix: string, tenant: string, what: string, kind: string, name: string): string {
  const spelled = [spellNewName('tenant', tenant), spellNewName('kind', kind), spellNewName('hash', name)] as const
  const [place, ...rest] = spelled.map(encodeURIComponent)
  const bucket = hash('sha256', `${spelled[1]}\0${spelled[2]}`, 'hex').slice(0, 2)
  return `${prefix}:{${place}:${bucket}}:${what}:${rest.join(':')}`
}
