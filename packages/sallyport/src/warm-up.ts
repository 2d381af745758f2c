/**
 * Loads once what a start loads, right after installation: the compiled form of every module is then kept
 * (NODE_COMPILE_CACHE), and the first start needs neither the time nor the memory of a compiler.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isFailure } from './command-line/command.ts'
import { commands } from './command-line/table.ts'
import { openData } from './composition/data.ts'
import { ordersApiScript } from './composition/orders-api.ts'
import { loadConfiguration } from './configuration/load.ts'
import { homePaths } from './home/home.ts'
import { localCertificate } from './local-ca/certificate.ts'

const folder = mkdtempSync(join(tmpdir(), 'sallyport-warm-up-'))
try {
  const home = homePaths(folder, {}, folder)
  const modules = [
    ...commands.map(({ load }) => load()),
    import('./composition/bff.ts'),
    import('./composition/gateway.ts'),
    import('./composition/start-bff.ts'),
    import('./composition/start-gateway.ts'),
    import('./demo/shop.ts'),
    import('./demo/start.ts'),
  ]
  const file = join(folder, 'sallyport.yaml')
  writeFileSync(file, '')
  const loaded = loadConfiguration(file, {})
  if (isFailure(loaded)) throw new Error(loaded.message)
  const certificate = localCertificate(home.tls, Date.now())
  const [data] = await Promise.all([
    openData(home, loaded.values, { writer: 'warm-up', stores: ['authority'] }),
    certificate,
    ...modules,
  ])
  await data.close()
  // Without arguments it only says how it is used, but everything it needs is loaded by then.
  spawnSync(process.execPath, [ordersApiScript], { stdio: 'ignore' })
  spawnSync(process.execPath, [join(import.meta.dirname, 'main.ts'), '--version'], { stdio: 'ignore' })
} finally {
  rmSync(folder, { recursive: true, force: true })
}
