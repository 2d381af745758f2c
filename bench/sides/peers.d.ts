/** As much of oidc-provider's shape as the measurement uses; the package brings no types. */
declare module 'oidc-provider' {
  import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'

  type Saved = new (properties: object) => { save(): Promise<string> }

  export class Provider {
    constructor(issuer: string, configuration: object)
    readonly AuthorizationCode: Saved
    readonly DeviceCode: Saved
    readonly Grant: new (
      properties: object,
    ) => {
      addResourceScope(resource: string, scope: string): void
      addOIDCScope(scope: string): void
      save(): Promise<string>
    }
    readonly Client: { find(id: string): Promise<object> }
    callback(): RequestListener
    interactionFinished(request: IncomingMessage, response: ServerResponse, result: object): Promise<void>
  }
}
