import { connect } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'

const attempts = 200
const pauseMs = 50

/** Waits for a program that does not say when it serves. @throws Error when nothing listens after ten seconds */
export async function untilOpen(port: number): Promise<void> {
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    if (await isOpen(port)) return
    await wait(pauseMs)
  }
  throw new Error(`nothing listens on port ${port}`)
}

function isOpen(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
