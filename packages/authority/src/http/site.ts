import { hash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { FastifyInstance } from 'fastify'
import { icon, type Site } from '../pages/layout.ts'
import { isLoopbackIssuer } from '../rules/redirect-uri.ts'

const read = (name: string): string => readFileSync(new URL(`../assets/${name}`, import.meta.url), 'utf8')

const styles = read('authority.css')
const script = read('authority.js')
const digest = (text: string): string => hash('sha256', text, 'hex').slice(0, 16)

/** The place the pages of an issuer are shown at. */
export function siteOf(issuer: string): Site {
  const { host, pathname } = new URL(issuer)
  const base = pathname === '/' ? '' : pathname
  return {
    base,
    host,
    issuer,
    stylesHref: `${base}/assets/authority.${digest(styles)}.css`,
    scriptHref: `${base}/assets/authority.${digest(script)}.js`,
    loopback: isLoopbackIssuer(issuer),
  }
}

/** Serves the style sheet, the script and the icon; their addresses change with their content, so browsers keep them. */
export function registerAssets(app: FastifyInstance, site: Site): void {
  const assets = [
    [site.stylesHref, 'text/css; charset=utf-8', styles],
    [site.scriptHref, 'text/javascript; charset=utf-8', script],
    [`${site.base}/assets/icon.svg`, 'image/svg+xml', icon],
  ] as const
  for (const [path, type, body] of assets) {
    const lifetime = path.endsWith('icon.svg') ? 'public, max-age=86400' : 'public, max-age=31536000, immutable'
    app.get(path, (_request, reply) => reply.header('cache-control', lifetime).type(type).send(body))
  }
}
