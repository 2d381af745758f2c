import type { Check } from './check.ts'

/** An `index.ts` stands at a package's root only, and holds re-exports only. */
export const indexFiles: Check = {
  name: 'index files',
  run: tree => ({
    findings: tree.files
      .filter(file => /(?:^|\/)index\.ts$/.test(file))
      .flatMap(file => {
        if (!/^packages\/[^/]+\/src\/index\.ts$/.test(file)) return [`${file}: an index.ts belongs at a package's root`]
        return tree
          .parse(file)
          .program.body.filter(
            each =>
              !(
                each.type === 'ExportAllDeclaration' ||
                (each.type === 'ExportNamedDeclaration' && each.source !== null)
              ),
          )
          .map(each => `${tree.place(file, each.start)}: not a re-export`)
      }),
  }),
}
