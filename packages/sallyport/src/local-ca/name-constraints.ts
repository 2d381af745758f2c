/** OID of the extension (RFC 5280 §4.2.1.10). */
export const nameConstraintsOid = '2.5.29.30'

/**
 * Name constraints that leave a local CA good for this machine alone: localhost, 127.0.0.1 and ::1. Written in DER by hand,
 * because the library has no builder for it.
 */
export function loopbackConstraints(): Uint8Array {
  const dns = element(0x82, Buffer.from('localhost', 'ascii'))
  const ipv4 = element(0x87, Buffer.from([127, 0, 0, 1, 255, 255, 255, 255]))
  const ipv6 = element(0x87, Buffer.concat([Buffer.alloc(15), Buffer.from([1]), Buffer.alloc(16, 0xff)]))
  const subtrees = [dns, ipv4, ipv6].map(base => element(0x30, base))
  const permitted = element(0xa0, Buffer.concat(subtrees))
  return element(0x30, permitted)
}

/** One DER element; everything here is shorter than 128 bytes, so the length is one byte. */
function element(tag: number, content: Buffer): Buffer {
  if (content.length > 127) throw new RangeError('a long DER element is not needed here')
  return Buffer.concat([Buffer.from([tag, content.length]), content])
}
