/**
 * What a child process of ours knows of the environment: where compiled code is kept, without which it would compile
 * everything anew and keep the compiler in memory, and the authorities of a private network, without which it could not
 * reach an issuer there. Nothing of ours.
 */
export function childEnvironment(): Readonly<Record<string, string>> {
  const kept = ['NODE_COMPILE_CACHE', 'NODE_EXTRA_CA_CERTS'].flatMap(name => {
    const value = process.env[name]
    return value === undefined ? [] : [[name, value] as const]
  })
  return { NODE_ENV: 'production', ...Object.fromEntries(kept) }
}
