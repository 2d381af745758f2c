import type { Acknowledged } from './acknowledged.ts'

export interface CrashReport {
  readonly kills: number
  readonly acknowledged: Readonly<
    Record<'codes' | 'refreshes' | 'clientCredentials' | 'revocations' | 'proofs', number>
  >
  /** Requests that the kills left without an answer. */
  readonly unanswered: number
  readonly lost: readonly string[]
  readonly usedTwice: readonly string[]
  /** From the new process, or from when what was killed answers again, to the first token, milliseconds. */
  readonly backMs: { readonly median: number; readonly ninetieth: number; readonly most: number }
}

/** Whether there is something of each kind to hold the system to. */
export const isShown = (all: readonly Acknowledged[]): boolean =>
  Object.values(summed(all).acknowledged).every(count => count > 0)

/** What the kills came upon, all together. */
export function summed(all: readonly Acknowledged[]): Pick<CrashReport, 'acknowledged' | 'unanswered'> {
  const total = (count: (known: Acknowledged) => number): number => all.reduce((sum, known) => sum + count(known), 0)
  return {
    acknowledged: {
      codes: total(({ families }) => families.length),
      refreshes: total(({ refreshes }) => refreshes),
      clientCredentials: total(({ machineTokens, revokedTokens }) => machineTokens.length + revokedTokens.length),
      revocations: total(
        ({ families, revokedTokens }) =>
          families.filter(({ revocation }) => revocation === 'acknowledged').length + revokedTokens.length,
      ),
      proofs: total(({ usedProofs }) => usedProofs.length),
    },
    unanswered: total(({ unanswered }) => unanswered),
  }
}

export function spread(values: readonly number[]): CrashReport['backMs'] {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (part: number): number => sorted[Math.floor(sorted.length * part)] ?? 0
  return { median: at(0.5), ninetieth: at(0.9), most: sorted.at(-1) ?? 0 }
}
