import type { ErrorPage, Failure } from '@sallyport/server'
import type { FastifyInstance } from 'fastify'
import type { AuthorityContext } from '../context.ts'
import { errorPage } from '../pages/error.ts'
import { statusPage } from '../pages/status.ts'
import { listResources } from '../resources.ts'
import { registerAccount } from './account-routes.ts'
import { pagePolicy } from './answer.ts'
import { registerAuthorize } from './authorize-routes.ts'
import { registerConsent } from './consent-routes.ts'
import { frontHandlers } from './front-handler.ts'
import { registerLogout } from './logout-routes.ts'
import { type Quotas, quotasOf } from './quotas.ts'
import { registerSetUp } from './set-up-routes.ts'
import { registerSignIn } from './sign-in-routes.ts'
import { registerAssets, siteOf } from './site.ts'

/**
 * Everything a person meets: authorization, sign-in, consent, sign-out, the account and its set-up, and the status page.
 * Paths begin with the issuer's own path.
 */
export function registerFrontChannel(
  app: FastifyInstance,
  context: AuthorityContext,
  quotas: Quotas = quotasOf(context),
): void {
  const site = siteOf(context.issuer)
  const handlers = frontHandlers(context, site, quotas)
  registerAssets(app, site)
  registerAuthorize(app, site.base, handlers)
  registerSignIn(app, site.base, handlers)
  registerConsent(app, site.base, handlers)
  registerLogout(app, site.base, handlers)
  registerAccount(app, site.base, handlers)
  registerSetUp(app, site.base, handlers)
  app.get(
    `${site.base}/`,
    handlers.open(async visit => ({
      page: statusPage(site, {
        resources: await listResources(context),
        ...(visit.signedIn !== undefined && { signedInAs: visit.signedIn.account.username }),
      }),
    })),
  )
}

/** How failures of the listener look in a browser; passed to `createListener`. */
export function authorityErrorPage(issuer: string): ErrorPage {
  const site = siteOf(issuer)
  return failure => ({
    html: errorPage(site, {
      title: titleOf(failure),
      what: failure.description,
      whose: failure.status >= 500 ? 'ours' : 'nobody',
      reference: failure.requestId,
      back: { href: `${site.base}/`, label: 'Go to the start page' },
      details: { status: String(failure.status), reason: failure.reason ?? failure.error },
    }).toString(),
    contentSecurityPolicy: pagePolicy(),
  })
}

function titleOf(failure: Failure): string {
  if (failure.status === 404) return 'There is nothing here'
  return failure.status >= 500 ? 'Something went wrong' : 'That did not work'
}
