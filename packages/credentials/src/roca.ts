const generator = 65537n
const primes = [
  3n,
  5n,
  7n,
  11n,
  13n,
  17n,
  19n,
  23n,
  29n,
  31n,
  37n,
  41n,
  43n,
  47n,
  53n,
  59n,
  61n,
  67n,
  71n,
  73n,
  79n,
  83n,
  89n,
  97n,
  101n,
  103n,
  107n,
  109n,
  113n,
  127n,
  131n,
  137n,
  139n,
  149n,
  151n,
  157n,
  163n,
  167n,
]

/**
 * Whether an RSA modulus comes from the Infineon library whose keys can be factored: modulo every small prime such a
 * modulus is a power of 65537. A sound modulus passes all 38 tests with a chance under 2^-27.
 *
 * @param modulus  big-endian
 * @see CVE-2017-15361, Nemec et al., "The Return of Coppersmith's Attack", ACM CCS 2017, §3
 */
export function hasRocaFingerprint(modulus: Uint8Array): boolean {
  const n = BigInt(`0x${Buffer.from(modulus).toString('hex')}`)
  return primes.every(prime => isPowerOfGenerator(n % prime, prime))
}

function isPowerOfGenerator(residue: bigint, prime: bigint): boolean {
  let power = 1n
  do {
    if (power === residue) return true
    power = (power * generator) % prime
  } while (power !== 1n)
  return false
}
