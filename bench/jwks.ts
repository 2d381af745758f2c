import { compare } from './sides/compare.ts'
import { startPinned } from './sides/pinned-server.ts'
import type { SideSaid } from './sides/token-path.ts'

const CONNECTIONS = 32

type Said = Pick<SideSaid, 'issuer' | 'jwks' | 'discovery'>

/** How many times a second one core answers JWKS and discovery, beside node:http that answers a constant of that size. */
export default async function run(): Promise<object> {
  const results: Record<string, unknown> = {}
  for (const document of ['jwks', 'discovery'] as const) {
    const bytes = await sizeOf(document)
    const load = ({ said }: { readonly said: Said }, seconds: number) => ({
      url: `${said.issuer}${said[document]}`,
      connections: CONNECTIONS,
      seconds,
    })
    results[document] = {
      bytes,
      sides: await compare<Said>([
        { name: 'sallyport', start: () => startPinned('sallyport-authority.ts'), load },
        { name: 'node:http, a constant', start: () => startPinned('constant.ts', [String(bytes)]), load },
      ]),
    }
  }
  return { connections: CONNECTIONS, results }
}

async function sizeOf(document: 'jwks' | 'discovery'): Promise<number> {
  const server = await startPinned<SideSaid>('sallyport-authority.ts')
  const answer = await fetch(`${server.said.issuer}${server.said[document]}`)
  const bytes = (await answer.arrayBuffer()).byteLength
  await server.stop()
  return bytes
}
