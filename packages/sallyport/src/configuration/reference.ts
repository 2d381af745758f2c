import { describeConfiguration } from '@sallyport/server'
import { sections } from './sections.ts'

const opening = `# Configuration

One YAML file, and the environment for secrets only. The first of these is read, and named at the start: \`--config\`,
\`$SALLYPORT_CONFIG\`, \`./sallyport.yaml\`, \`/etc/sallyport/sallyport.yaml\`; without any, the defaults hold. Unknown keys and
values out of range stop the start, all told at once, each with its line and the nearest right key. Live keys take effect when
the file is saved (or on SIGHUP); the others at the next start.

This page is made by \`sallyport config reference\`; a test compares it.
`

/** The page docs/reference/configuration.md, which cannot say anything else than the code. */
export const configurationReference = (): string => `${opening}\n${describeConfiguration(sections)}`
