/**
 * Whether an answer should be a page: only when `Accept` names `text/html` and ranks it above JSON. A missing header,
 * `*` alone and every program's default get JSON.
 *
 * @see RFC 9110 §12.5.1
 */
export function prefersHtml(accept: string | undefined): boolean {
  if (accept === undefined || accept.length > 1024) return false
  let html = 0
  let json = 0
  for (const range of accept.toLowerCase().split(',')) {
    const [type, ...parameters] = range.split(';').map(part => part.trim())
    const weight = quality(parameters)
    if (type === 'text/html' || type === 'application/xhtml+xml') html = Math.max(html, weight)
    if (type === 'application/json' || type?.endsWith('+json') === true) json = Math.max(json, weight)
  }
  return html > json
}

function quality(parameters: readonly string[]): number {
  const digits = parameters.find(parameter => parameter.startsWith('q='))?.slice(2)
  if (digits === undefined) return 1
  return /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(digits) ? Number(digits) : 0
}
