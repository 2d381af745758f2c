import type { DescribedRequest } from '../described-request.ts'
import { requestIdOf } from './node-request.ts'

/** A fetch-style request as the doors see it. Repeated headers come joined by commas, which no credential contains. */
export function describeFetchRequest(request: Request, route: string | undefined): DescribedRequest {
  const { pathname, search } = new URL(request.url)
  return {
    method: request.method,
    target: pathname + search,
    authorization: request.headers.get('authorization') ?? undefined,
    dpop: request.headers.get('dpop') ?? undefined,
    form: undefined,
    route,
    requestId: requestIdOf(request.headers.get('x-request-id')),
    certificate: undefined,
  }
}
