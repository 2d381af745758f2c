/**
 * What a child process of ours knows of the environment: nothing of ours but where compiled code is kept. Without that it
 * would compile everything anew, and keep the compiler in memory.
 */
export function childEnvironment(): Readonly<Record<string, string>> {
  const cache = process.env.NODE_COMPILE_CACHE
  return { NODE_ENV: 'production', ...(cache === undefined ? {} : { NODE_COMPILE_CACHE: cache }) }
}
