import { openAuditTrail } from './trail.ts'

/** For the kill test: appends as fast as it can, and prints each record that was acknowledged. */
async function acknowledge(path: string, run: string): Promise<void> {
  const trail = await openAuditTrail({ path, writer: 'a', nowSeconds: () => Math.floor(Date.now() / 1000) })
  const lane = async (name: string) => {
    for (let n = 0; ; n += 1) {
      const target = `${run}-${name}-${n}`
      await trail.append({ at: n, tenant: 'acme', actor: 'test', action: 'test.append', target, outcome: 'done' })
      process.stdout.write(`${target}\n`)
    }
  }
  await Promise.all(Array.from({ length: 8 }, (_, n) => lane(`lane${n}`)))
}

const [, , path = '', run = ''] = process.argv
await acknowledge(path, run)
