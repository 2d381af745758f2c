import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { BlockList, isIP, type Socket } from 'node:net'
import { TLSSocket } from 'node:tls'

/**
 * How the proxy in front is known. What a question says of a caller is believed of nobody else, so there is no default:
 * by the address it asks from, by a secret that it sends with each question, or by the certificate it proves.
 */
export type TrustedProxy =
  | {
      readonly by: 'address'
      /** Addresses or CIDR blocks, such as `127.0.0.1` or `10.0.3.0/28`. */
      readonly addresses: readonly string[]
    }
  | {
      readonly by: 'secret'
      /** At least 32 characters, in the header `X-Sallyport-Secret`. */
      readonly secret: string
    }
  | {
      readonly by: 'certificate'
      /** PEM of this listener, and of the authority that signed the proxy's certificate and no other. */
      readonly tls: { readonly key: string | Buffer; readonly cert: string | Buffer; readonly ca: string | Buffer }
    }

/** Whether a question is from the proxy. */
export type IsProxy = (request: IncomingMessage) => boolean

/** @throws Error naming what is wrong with the description */
export function trustedProxy(from: TrustedProxy): IsProxy {
  switch (from.by) {
    case 'address':
      return onConnection(addressed(from.addresses))
    case 'secret':
      return withSecret(from.secret)
    case 'certificate':
      return ({ socket }) => socket instanceof TLSSocket && socket.authorized
  }
}

function addressed(addresses: readonly string[]): (socket: Socket) => boolean {
  if (addresses.length === 0) throw new Error('gateway: decisions: at least one address of the proxy is needed')
  const list = new BlockList()
  for (const text of addresses) {
    const [address = '', bits] = text.split('/')
    const version = isIP(address)
    if (version === 0 || (bits !== undefined && !/^\d{1,3}$/.test(bits))) {
      throw new Error(`gateway: decisions: ${JSON.stringify(text)} is no address and no CIDR block`)
    }
    const family = version === 4 ? 'ipv4' : 'ipv6'
    if (bits === undefined) list.addAddress(address, family)
    else list.addSubnet(address, Number(bits), family)
  }
  return ({ remoteAddress = '' }) => {
    const plain = remoteAddress.replace(/^::ffff:(?=\d+\.)/i, '')
    const version = isIP(plain)
    return version !== 0 && list.check(plain, version === 4 ? 'ipv4' : 'ipv6')
  }
}

/** A connection's other end does not change, so it is judged once. */
function onConnection(judge: (socket: Socket) => boolean): IsProxy {
  const judged = new WeakMap<Socket, boolean>()
  return ({ socket }) => {
    const known = judged.get(socket)
    if (known !== undefined) return known
    const verdict = judge(socket)
    judged.set(socket, verdict)
    return verdict
  }
}

const secretHeader = 'x-sallyport-secret'
const minSecretLength = 32

function withSecret(secret: string): IsProxy {
  if (secret.length < minSecretLength) {
    throw new Error(`gateway: decisions: the secret has at least ${minSecretLength} characters; got ${secret.length}`)
  }
  const expected = digest(secret)
  return ({ headersDistinct }) => {
    const given = headersDistinct[secretHeader]
    return given?.length === 1 && timingSafeEqual(digest(given[0] ?? ''), expected)
  }
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
