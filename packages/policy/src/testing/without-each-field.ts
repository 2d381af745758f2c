import type { PolicyInput } from '../decision.ts'

/** The question once for each member at any depth, without that member: a policy must deny every one of them. */
export function* withoutEachField(input: PolicyInput): Generator<{ path: string; question: PolicyInput }> {
  for (const path of pathsOf(input, [])) {
    const question = structuredClone(input)
    remove(question, path)
    yield { path: path.join('.'), question }
  }
}

function* pathsOf(value: object, above: readonly string[]): Generator<readonly string[]> {
  for (const [name, member] of Object.entries(value)) {
    const path = [...above, name]
    yield path
    if (typeof member === 'object' && member !== null && !Array.isArray(member)) yield* pathsOf(member, path)
  }
}

function remove(value: object, [name, ...below]: readonly string[]): void {
  if (name === undefined) return
  if (below.length === 0) Reflect.deleteProperty(value, name)
  else remove(Reflect.get(value, name), below)
}
