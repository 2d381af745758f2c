import type { Check } from './check.ts'

/** One rule, one file, one test beside it. */
export const testBeside: Check = {
  name: 'a test beside every rule, grant and endpoint',
  run: tree => ({
    findings: tree.files
      .filter(file => /\/(?:rules|grants|endpoints)\/[^/]*\.ts$/.test(file) && !/\.(?:test|suite)\.ts$/.test(file))
      .filter(file => !tree.files.includes(file.replace(/\.ts$/, '.test.ts')))
      .map(file => `${file}: no ${file.replace(/\.ts$/, '.test.ts').split('/').at(-1)} beside it`),
  }),
}
