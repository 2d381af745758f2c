/** A form of a page, as a browser would send it. */
export interface PageForm {
  readonly method: string
  readonly action: string
  /** Hidden fields with their values; other fields are empty. */
  readonly fields: ReadonlyMap<string, string>
  /** Buttons that carry a value: `answer=allow`. */
  readonly buttons: readonly { readonly name: string; readonly value: string }[]
}

/** The forms of one of our own pages. */
export function pageForms(html: string): readonly PageForm[] {
  return [...html.matchAll(/<form\b(?<attributes>[^>]*)>(?<inner>[\s\S]*?)<\/form>/g)].map(match => {
    const attributes = attributesOf(match.groups?.attributes ?? '')
    const inner = match.groups?.inner ?? ''
    const elements = (name: string) =>
      [...inner.matchAll(new RegExp(`<${name}\\b(?<attributes>[^>]*)>`, 'g'))].map(each =>
        attributesOf(each.groups?.attributes ?? ''),
      )
    const named = (element: ReadonlyMap<string, string>) => element.has('name')
    return {
      method: (attributes.get('method') ?? 'get').toUpperCase(),
      action: attributes.get('action') ?? '',
      fields: new Map(
        elements('input')
          .filter(named)
          .map(each => [each.get('name') ?? '', each.get('value') ?? '']),
      ),
      buttons: elements('button')
        .filter(named)
        .map(each => ({ name: each.get('name') ?? '', value: each.get('value') ?? '' })),
    }
  })
}

/** The page's main heading, for messages. */
export function pageHeading(html: string): string {
  return unescaped((/<h1[^>]*>(?<text>[\s\S]*?)<\/h1>/.exec(html)?.groups?.text ?? '').replace(/<[^>]*>/g, '')).trim()
}

/** The page's alert, which says why something did not work; one that is still empty or hidden says nothing. */
export function pageAlert(html: string): string | undefined {
  for (const { groups } of html.matchAll(/<p\b(?<attributes>[^>]*role="alert"[^>]*)>(?<text>[\s\S]*?)<\/p>/g)) {
    const text = unescaped((groups?.text ?? '').replace(/<[^>]*>/g, '')).trim()
    if (text !== '' && !attributesOf(groups?.attributes ?? '').has('hidden')) return text
  }
  return undefined
}

function attributesOf(text: string): ReadonlyMap<string, string> {
  const found = text.matchAll(/(?<name>[a-z-]+)(?:="(?<value>[^"]*)")?/g)
  return new Map([...found].map(match => [match.groups?.name ?? '', unescaped(match.groups?.value ?? '')]))
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'", '#x27': "'" }

const unescaped = (text: string): string => text.replace(/&(#?\w+);/g, (whole, name: string) => entities[name] ?? whole)
