import { openShared } from './scratch-store.ts'

/** For the kill test: takes, claims and appends as fast as it can, and prints each one that was acknowledged. */
async function acknowledge(path: string, run: string): Promise<void> {
  const store = await openShared(path)
  const tenant = store.of('acme')
  const lane = async (name: string) => {
    for (let n = 0; ; n += 1) {
      const key = `${run}-${name}-${n}`
      await tenant.commit([{ insert: { kind: 'code', key, value: n } }])
      const successor = { put: { kind: 'token', key, value: key } }
      const entry = { append: { stream: 'feed', value: key, expiresAt: 4_000_000_000 } }
      await Promise.all([
        tenant.take('code', key, { put: [successor, entry] }),
        tenant.claim('proof', key, 4_000_000_000),
      ])
      process.stdout.write(`${key} ${key}\n`)
    }
  }
  await Promise.all(Array.from({ length: 8 }, (_, n) => lane(`lane${n}`)))
}

const [, , path = '', run = ''] = process.argv
await acknowledge(path, run)
