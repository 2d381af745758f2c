import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type ParseResult, parseSync } from 'oxc-parser'

/** The files of the project as git sees them: committed ones, and new ones that are not ignored. */
export interface SourceTree {
  readonly root: string
  /** Paths from the root, with `/`, sorted. */
  readonly files: readonly string[]
  text(file: string): string
  /** A TypeScript file's syntax tree; parsed once. */
  parse(file: string): ParseResult
  /** `file:line` of a position in a file. */
  place(file: string, offset: number): string
}

/** The working tree at `root`. */
export function readSourceTree(root: string): SourceTree {
  const words = ['ls-files', '-z', '--cached', '--others', '--exclude-standard']
  const listed = execFileSync('git', words, { cwd: root, encoding: 'utf8', maxBuffer: 1e8 })
  const files = [...new Set(listed.split('\0'))].filter(file => file !== '' && existsSync(join(root, file))).sort()
  return sourceTree(root, files, file => readFileSync(join(root, file), 'utf8'))
}

/** A tree of these files; each is read and parsed once. */
export function sourceTree(root: string, files: readonly string[], read: (file: string) => string): SourceTree {
  const text = once(read)
  return {
    root,
    files,
    text,
    parse: once(file => parseSync(file, text(file))),
    place: (file, offset) => `${file}:${text(file).slice(0, offset).split('\n').length}`,
  }
}

function once<T>(make: (file: string) => T): (file: string) => T {
  const made = new Map<string, T>()
  return file => {
    const known = made.get(file)
    if (known !== undefined) return known
    const value = make(file)
    made.set(file, value)
    return value
  }
}

/** A file of TypeScript that users run: not a test, a suite, vectors or a harness. */
export function isProduct(file: string): boolean {
  return /^(?:packages\/[^/]+|examples\/[^/]+)\/(?:src|bin|app)\/.*\.(?:ts|mjs|js)$/.test(file) && !isTestCode(file)
}

/** A file of TypeScript that only tests run. */
export function isTestCode(file: string): boolean {
  return /\.(?:test|suite|vectors)\.ts$|\/(?:testing|vectors)\/|^tests\//.test(file)
}

/** The package a file is part of: `guard` of `packages/guard/src/…`; `undefined` elsewhere. */
export function packageOf(file: string): string | undefined {
  return /^packages\/([^/]+)\//.exec(file)?.[1]
}
