import { homeOf } from '../client/installation.ts'
import { type Invocation, type Outcome, operand } from '../command-line/command.ts'
import { members } from '../command-line/render.ts'
import type { Terminal } from '../command-line/terminal.ts'
import { decisionsOf, lastRequest, type StoredDecision } from '../home/decisions.ts'

/** What both doors decided about one request, in order. */
export async function run(invocation: Invocation, terminal: Terminal): Promise<Outcome> {
  const home = homeOf(invocation, terminal)
  const asked = operand(invocation, 'request')
  const request = asked === 'last' ? lastRequest(home.decisions) : asked
  const decisions = request === undefined ? [] : decisionsOf(home.decisions, request)
  if (request === undefined || decisions.length === 0) {
    return {
      failed: 'failed',
      code: 'no_decision',
      message: asked === 'last' ? 'No request was decided yet.' : `No decision is on record for the request ${asked}.`,
      expected: 'last, or the x-request-id of an answer',
      hint: 'Ask something first: curl -i localhost:4100/orders',
    }
  }
  return {
    text: [`Request ${request}`, ...decisions.map(explained)].join('\n\n'),
    data: { request_id: request, decisions },
  }
}

function explained({ door, outcome, reason, at, facts }: StoredDecision): string {
  const time = new Date(at * 1000).toISOString().slice(11, 23)
  const name =
    door === 1 ? 'Door one (who is calling)' : door === 2 ? 'Door two (may they do this to this object)' : 'The edge'
  const head = `${name}, ${time}: ${outcome}${reason === undefined ? '' : `, ${reason}`}`
  const rest = Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined))
  return [head, indented(members(rest)), ...furtherReading(outcome, reason, facts)].join('\n')
}

/** A policy's own words are explained where the policies are; ours have a page each. */
function furtherReading(
  outcome: string,
  reason: string | undefined,
  facts: StoredDecision['facts'],
): readonly string[] {
  if (outcome === 'allow' || reason === undefined) return []
  return [`See ${'revision' in facts ? 'policies/README.md' : `docs/errors/${reason}.md`}`]
}

const indented = (text: string): string => text.replace(/^/gm, '  ')
