import { type Management, openManagement } from '../client/management.ts'
import { scopeNames } from '../client/scopes.ts'
import { CommandFailure, flag, type Invocation, type Outcome, operand } from '../command-line/command.ts'
import type { Terminal } from '../command-line/terminal.ts'

export async function run(invocation: Invocation, terminal: Terminal): Promise<Outcome> {
  const scope = operand(invocation, 'scope')
  const management = await openManagement(invocation, terminal)
  const resource = await theResource(invocation, management, scope)
  const { body } = await management.change(`/resources/${encodeURIComponent(resource)}`, before => ({
    scopes: scopesBut(before, scope),
  }))
  return { text: `${scope} taken from ${resource}.`, data: body }
}

/** A resource's scopes without one of them. */
export function scopesBut(resource: Readonly<Record<string, unknown>>, scope: string): readonly unknown[] {
  return Array.isArray(resource.scopes) ? resource.scopes.filter(each => Object(each).scope !== scope) : []
}

/** The resource that is meant: `--resource`, or the only one there is (that has the scope). */
export async function theResource(invocation: Invocation, management: Management, scope?: string): Promise<string> {
  const named = flag(invocation, 'resource')
  if (named !== undefined) return named
  const all = await management.all('/resources')
  const own = `${management.installation.issuer}/manage`
  const fitting = all.filter(
    each => each.resource !== own && (scope === undefined || scopeNames(each.scopes).includes(scope)),
  )
  const [only, ...others] = fitting
  if (only !== undefined && others.length === 0) return String(only.resource)
  throw new CommandFailure({
    failed: 'usage',
    code: 'usage',
    message: 'Which resource is meant?',
    expected: fitting.map(each => `--resource ${each.resource}`).join(' or ') || 'a resource that has this scope',
  })
}
