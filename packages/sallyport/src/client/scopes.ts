import type { Management } from './management.ts'

/** The resources that define any of these scopes, so that whoever names scopes need not name resources too. */
export async function resourcesOfScopes(management: Management, scopes: readonly string[]): Promise<readonly string[]> {
  const resources = await management.all('/resources')
  return resources
    .filter(({ scopes: defined }) => scopeNames(defined).some(name => scopes.includes(name)))
    .map(({ resource }) => String(resource))
}

/** The names of a resource's scopes. */
export function scopeNames(defined: unknown): readonly string[] {
  return Array.isArray(defined) ? defined.map(each => String(Object(each).scope)) : []
}
