import { call } from './api.js'
import { element } from './element.js'
import { picture } from './pictures.js'

const stops = [
  { name: 'Door one', asks: 'Who is it?' },
  { name: 'Door two', asks: 'May they?' },
  { name: 'Orders', asks: 'The service' },
]

/**
 * Shows the way of a request through the doors, where it ended, and what the operator sees of it.
 *
 * @param onward  what the user can do about it: `{ href, text }`
 */
export async function drawVerdict(panel, says, result, onward) {
  const { body, status, ok, note } = result
  const door = ok ? undefined : (body.door ?? 3)
  panel.replaceChildren(
    element('p', { className: 'says', textContent: says }),
    element('ol', { className: 'path' }, ...stops.map((stop, index) => stopOf(stop, index + 1, door))),
    element(
      'p',
      { className: 'word' },
      element('b', { className: ok ? 'good-word' : 'bad-word', textContent: `${status}` }),
      ' ',
      element('code', { textContent: ok ? 'allowed' : (body.code ?? body.reason ?? body.error ?? 'refused') }),
    ),
    element('p', { textContent: ok ? 'Both doors let this through.' : sentences(body) }),
  )
  if (note !== undefined) panel.append(element('p', { textContent: note }))
  if (onward !== undefined) panel.append(element('p', {}, element('a', { className: 'button primary', ...onward })))
  const lines = await logLines(result.requestId)
  if (lines.length > 0) panel.append(operatorsView(lines))
}

function stopOf({ name, asks }, number, door) {
  const state = door === undefined || number < door ? 'open' : number === door ? 'shut' : 'unseen'
  const word = { open: number === 3 ? 'reached' : 'passed', shut: 'refused', unseen: 'not reached' }[state]
  const drawn = number === 3 ? 'shelf' : state === 'open' ? 'doorOpen' : 'doorShut'
  return element(
    'li',
    { className: state },
    picture(drawn),
    element('b', { textContent: name }),
    element('span', { className: 'asks', textContent: asks }),
    element('span', { className: 'state', textContent: word }),
  )
}

const sentences = ({ title = '', detail, error_description }) => `${title} ${detail ?? error_description ?? ''}`.trim()

function operatorsView(lines) {
  const why = lines.find(line => line.outcome !== 'allow') ?? lines[0]
  const { expected, got, rule } = lines.find(line => line.facts.expected !== undefined)?.facts ?? {}
  const facts = { 'refused as': why.reason, expected, got, rule, request: why.request_id }
  const rows = Object.entries(facts).filter(([, value]) => value !== undefined)
  return element(
    'div',
    { className: 'operator' },
    element('h3', { textContent: 'What the operator sees' }),
    element(
      'dl',
      {},
      ...rows.map(([name, value]) =>
        element('div', {}, element('dt', { textContent: name }), element('dd', { textContent: value })),
      ),
    ),
    element(
      'details',
      {},
      element('summary', { textContent: lines.length === 1 ? 'The log line' : `The ${lines.length} log lines` }),
      element('pre', { textContent: lines.map(line => JSON.stringify(line, null, 1)).join('\n') }),
    ),
  )
}

async function logLines(requestId) {
  if (!/^[\w-]{8,64}$/.test(requestId)) return []
  const { ok, body } = await call(`/demo/log/${requestId}`)
  return ok ? body.lines : []
}
