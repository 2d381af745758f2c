import { BlockList, isIPv4, isIPv6 } from 'node:net'

/** IPv4 blocks that are not a public host's: the IANA special-purpose registry, multicast and reserved (RFC 6890). */
const v4Blocks = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.31.196.0/24',
  '192.52.193.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '192.175.48.0/24',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
]

/** What is special inside `2000::/3`, the only IPv6 block that holds public hosts (RFC 6890, RFC 3056, RFC 9637). */
const v6Blocks = ['2001::/23', '2001:db8::/32', '2002::/16', '2620:4f:8000::/48', '3fff::/20']

const special = new BlockList()
for (const [block, family] of [
  ...v4Blocks.map(each => [each, 'ipv4'] as const),
  ...v6Blocks.map(each => [each, 'ipv6'] as const),
]) {
  const [network = '', prefix = ''] = block.split('/')
  special.addSubnet(network, Number(prefix), family)
}

/**
 * Whether an IP address is anything but a public host's: loopback, private, link-local (cloud metadata), shared,
 * documentation, multicast, reserved. IPv4 inside IPv6 (mapped, NAT64) is judged by the address inside; 6to4, Teredo,
 * local NAT64 and whatever is no address at all count as special.
 *
 * @see RFC 6890, RFC 4291 §2.5.5.2 (mapped), RFC 6052 §2.1 (NAT64), RFC 9637
 */
export function isSpecialUse(address: string): boolean {
  if (isIPv4(address)) return special.check(address, 'ipv4')
  if (!isIPv6(address) || address.includes('%')) return true
  const groups = ipv6Groups(address)
  const inner = embeddedIpv4(groups)
  if (inner !== undefined) return isSpecialUse(inner)
  const isGlobalUnicast = ((groups[0] ?? 0) & 0xe000) === 0x2000
  return !isGlobalUnicast || special.check(address, 'ipv6')
}

/** The IPv4 address inside a mapped (`::ffff:0:0/96`) or NAT64 (`64:ff9b::/96`) one. */
function embeddedIpv4(groups: readonly number[]): string | undefined {
  const prefix = groups.slice(0, 6).join(':')
  if (prefix !== '0:0:0:0:0:65535' && prefix !== '100:65435:0:0:0:0') return undefined
  return groups
    .slice(6)
    .flatMap(group => [group >> 8, group & 0xff])
    .join('.')
}

/** The eight groups of an IPv6 address that `isIPv6` accepts and that has no zone. */
function ipv6Groups(address: string): readonly number[] {
  const dotted = /(?<head>.*:)(?<a>\d+)\.(?<b>\d+)\.(?<c>\d+)\.(?<d>\d+)$/.exec(address)?.groups
  const text = dotted === undefined ? address : `${dotted.head}${pair(dotted.a, dotted.b)}:${pair(dotted.c, dotted.d)}`
  const [left = '', right] = text.split('::')
  const before = hexGroups(left)
  const after = hexGroups(right ?? '')
  const zeros = right === undefined ? 0 : 8 - before.length - after.length
  return [...before, ...Array.from({ length: zeros }, () => 0), ...after]
}

function hexGroups(text: string): readonly number[] {
  return text === '' ? [] : text.split(':').map(group => Number.parseInt(group, 16))
}

function pair(high: string | undefined, low: string | undefined): string {
  return (Number(high) * 256 + Number(low)).toString(16)
}
