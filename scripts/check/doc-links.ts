import { dirname, join, normalize } from 'node:path/posix'
import type { Check } from './check.ts'
import type { SourceTree } from './source-tree.ts'

/** Links between the project's pages lead somewhere, down to the heading; so do references to docs/ from the code. */
export const docLinks: Check = {
  name: 'links in the docs',
  run: tree => ({
    findings: [
      ...tree.files.filter(file => file.endsWith('.md')).flatMap(file => brokenLinks(tree, file)),
      ...tree.files
        .filter(file => /^(?:packages|examples|scripts)\/.*(?<!\.test)\.ts$/.test(file))
        .flatMap(file => brokenReferences(tree, file)),
    ],
  }),
}

function brokenLinks(tree: SourceTree, file: string): readonly string[] {
  const source = withoutCode(tree.text(file))
  return [...source.matchAll(/\]\(\s*<?([^)\s>]+)>?[^)]*\)/g)].flatMap(match => {
    const link = match[1] ?? ''
    if (/^[a-z][a-z0-9+.-]*:/i.test(link)) return []
    const [path = '', anchor] = link.split('#')
    const target = path === '' ? file : normalize(join(dirname(file), decodeURIComponent(path)))
    const isFolder = tree.files.some(each => each.startsWith(`${target.replace(/\/$/, '')}/`))
    if (!tree.files.includes(target) && !isFolder) return [`${tree.place(file, match.index)}: ${link} leads nowhere`]
    if (anchor === undefined || !target.endsWith('.md') || headings(tree.text(target)).includes(anchor)) return []
    return [`${tree.place(file, match.index)}: ${link} names no heading`]
  })
}

function brokenReferences(tree: SourceTree, file: string): readonly string[] {
  return [...tree.text(file).matchAll(/\bdocs\/[\w./-]+\.md\b/g)]
    .filter(match => !tree.files.includes(match[0]))
    .map(match => `${tree.place(file, match.index)}: ${match[0]} is not there`)
}

/** The anchors GitHub gives a page's headings. */
function headings(markdown: string): readonly string[] {
  const seen = new Map<string, number>()
  return [...withoutCode(markdown).matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm)].map(match => {
    const title = (match[1] ?? '').replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').replace(/[`*]/g, '')
    const slug = title
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replace(/\s/g, '-')
    const times = seen.get(slug) ?? 0
    seen.set(slug, times + 1)
    return times === 0 ? slug : `${slug}-${times}`
  })
}

/** The text with its code blanked out, of the same length so that places stay. */
function withoutCode(markdown: string): string {
  const blank = (code: string): string => code.replace(/[^\n]/g, ' ')
  return markdown.replace(/^(```|~~~)[\s\S]*?^\1/gm, blank).replace(/`[^`\n]*`/g, blank)
}
