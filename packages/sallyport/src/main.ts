import { runCommandLine } from './command-line/run.ts'
import { commands } from './command-line/table.ts'
import { processTerminal } from './command-line/terminal.ts'
import { releaseVersion } from './release.ts'

process.exitCode = await runCommandLine(process.argv.slice(2), commands, releaseVersion(), processTerminal)
