import { spawn } from 'node:child_process'

export interface CommandResult {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs a program and gives what it says; a program that is not there has code 127. */
export function runCommand(command: string, commandArguments: readonly string[], root: string): Promise<CommandResult> {
  return new Promise(resolve => {
    const child = spawn(command, commandArguments, {
      cwd: root,
      env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0' },
    })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', text => {
      stdout += String(text)
    })
    child.stderr.setEncoding('utf8').on('data', text => {
      stderr += String(text)
    })
    child.on('error', error => resolve({ code: 127, stdout: '', stderr: error.message }))
    child.on('close', code => resolve({ code: code ?? 1, stdout, stderr }))
  })
}

/** The lines of a text that are not blank. */
export function linesOf(text: string): readonly string[] {
  return text.split('\n').filter(line => line.trim() !== '')
}
