/** The public addresses of a running system; each listener has one. */
export interface Addresses {
  readonly issuer: string
  readonly gateway: string
  readonly gatewayTls: string
  readonly app: string
  readonly ordersApi: string
}

export interface Ports {
  readonly authority: number
  readonly gateway: number
  readonly gatewayTls: number
  readonly app: number
  readonly ordersApi: number
}

/** DESIGN §5. */
export const demoPorts: Ports = { authority: 4000, gateway: 4100, gatewayTls: 4143, app: 4200, ordersApi: 4300 }

/** Where the demo is with these ports, all on loopback. */
export function demoAddresses(ports: Ports): Addresses {
  return {
    issuer: `http://localhost:${ports.authority}`,
    gateway: `http://localhost:${ports.gateway}`,
    gatewayTls: `https://localhost:${ports.gatewayTls}`,
    app: `http://localhost:${ports.app}`,
    ordersApi: `http://localhost:${ports.ordersApi}`,
  }
}

/** The resource at the gateway (opaque tokens) and the service's own address (JWT). */
export const demoResources = (addresses: Addresses): { readonly outside: string; readonly inside: string } => ({
  outside: `${addresses.gateway}/orders`,
  inside: addresses.ordersApi,
})
