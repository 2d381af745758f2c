import type { Form } from '@sallyport/server'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { judgeAuthorizationRequest, type PageRefusal } from '../authorize.ts'
import { errorPage } from '../pages/error.ts'
import type { Answer } from './answer.ts'
import { beginSignIn } from './begin-sign-in.ts'
import { answerWithCode, answerWithError, stepOf } from './flow.ts'
import type { FrontHandlers } from './front-handler.ts'
import type { Visit } from './visit.ts'

/** The authorization endpoint: GET and POST alike (OpenID Connect Core §3.1.2.1), no CORS (OAuth 2.1 §3.1). */
export function registerAuthorize(app: FastifyInstance, base: string, { open }: FrontHandlers): void {
  // A HEAD would use a session to make a code that nobody sees.
  app.get(
    `${base}/authorize`,
    { exposeHeadRoute: false },
    open(visit => authorize(visit, visit.query)),
  )
  app.post(
    `${base}/authorize`,
    open((visit, request) => {
      const again = withCookies(visit, request)
      return again === undefined ? authorize(visit, visit.body) : Promise.resolve(again)
    }),
  )
}

/** Whoever asks has a row for it, signed in or not: what it holds is kept small, in characters of names and values. */
const requestMax = 8192

async function authorize(visit: Visit, form: Form): Promise<Answer> {
  const { context, site } = visit
  if (sizeOf(form) > requestMax) return refusedPage(visit, tooLarge)
  const judged = await judgeAuthorizationRequest(form, context)
  if ('page' in judged) return refusedPage(visit, judged.page)
  if ('error' in judged) return answerWithError(visit, judged.error, judged.target)
  const { request, client } = judged
  const step = await stepOf(visit, request, client, {})
  if (step.step === 'refuse') return answerWithError(visit, step.error, request)
  if (step.step === 'issue') return answerWithCode(visit, request, step.session)
  const interaction = await beginSignIn(visit, { kind: 'authorize', request })
  if (!('id' in interaction)) return interaction
  return { see: `${site.base}/${step.step === 'consent' ? 'consent' : 'sign-in'}?login=${interaction.id}` }
}

const sizeOf = ({ values }: Form): number =>
  [...values].reduce((size, [name, sent]) => sent.reduce((sum, value) => sum + name.length + value.length, size), 0)

const tooLarge: PageRefusal = {
  reason: 'body_too_large',
  rule: 'RFC 9110 §15.5.14',
  expected: `at most ${requestMax} characters`,
  got: 'more',
  hint: `An authorization request has at most ${requestMax} characters; keep what state stands for at the application.`,
}

/**
 * A POST from another site comes without our Lax cookies. Sent on as a GET it has them, so that a session and the pages
 * of other tabs are not forgotten.
 */
function withCookies(visit: Visit, request: FastifyRequest): Answer | undefined {
  if (request.headers['sec-fetch-site'] !== 'cross-site' || !visit.binding.fresh) return undefined
  const query = new URLSearchParams(
    [...visit.body.values].flatMap(([name, values]) => values.map(value => [name, value])),
  ).toString()
  return query.length > 6000 || visit.body.repeated.some(name => name !== 'resource')
    ? undefined
    : { see: `${visit.site.base}/authorize?${query}` }
}

const titles: Readonly<Record<string, string>> = {
  client_missing: 'The application did not say which one it is',
  client_unknown: 'This application is not registered here',
  client_disabled: 'This application is switched off',
  redirect_missing: 'The application did not say where to go back to',
  redirect_mismatch: 'The way back to the application is not registered',
  redirect_insecure: 'The way back to the application is not safe',
  parameter_repeated: 'The application sent the same parameter twice',
  body_too_large: 'The application sent too much',
}

/** An error that must not be redirected anywhere (OAuth 2.1 §4.1.2.1, RFC 9700 §4.11.2). */
function refusedPage(visit: Visit, refusal: PageRefusal): Answer {
  const { client, ...details } = refusal
  visit.context.log.info('authorization_refused', {
    ...details,
    client_id: client?.client_id,
    request_id: visit.requestId,
  })
  const page = errorPage(visit.site, {
    title: titles[refusal.reason] ?? 'The application’s request was refused',
    what: refusal.hint,
    whose: 'app',
    reference: visit.requestId,
    ...(client?.client_uri !== undefined && {
      back: { href: client.client_uri, label: `Back to ${client.client_name}` },
    }),
    details: { reason: refusal.reason, expected: refusal.expected, got: refusal.got, rule: refusal.rule },
  })
  return { page, status: 400 }
}
