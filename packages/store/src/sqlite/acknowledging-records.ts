import { openAt } from './scratch-store.ts'

/** For the kill test: records with and without writes, as fast as it can; prints each that was acknowledged. */
async function acknowledge(database: string, run: string): Promise<void> {
  const store = await openAt(database, () => Math.floor(Date.now() / 1000), 'killed')
  const lane = async (name: string, withWrite: boolean) => {
    for (let n = 0; ; n += 1) {
      const target = `${run}-${name}-${n}`
      const writes = withWrite ? [{ insert: { kind: 'written', key: target, value: n } }] : []
      const audit = { at: n, tenant: 'acme', actor: 'test', action: 'test.append', target, outcome: 'done' }
      await store.of('acme').commit(writes, { audit })
      process.stdout.write(`${target}\n`)
    }
  }
  await Promise.all(Array.from({ length: 8 }, (_, n) => lane(n < 4 ? `with${n}` : `alone${n}`, n < 4)))
}

const [, , database = '', run = ''] = process.argv
await acknowledge(database, run)
