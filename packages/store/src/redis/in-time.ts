/**
 * What a server answers, if it does so in time.
 *
 * @param giveUp  ends what was asked, which would wait on without limit
 * @throws what `asked` rejects with, or that no answer came in time
 */
export async function inTime<T>(asked: Promise<T>, ms: number, giveUp: () => void): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  let turn: NodeJS.Immediate | undefined
  // After a turn that took long this comes before the sockets are read: an answer that has arrived is no late one.
  const timer = setTimeout(() => {
    turn = setImmediate(() => {
      reject(new Error('no answer in time'))
      giveUp()
    })
  }, ms)
  try {
    return await Promise.race([asked, late])
  } finally {
    clearTimeout(timer)
    clearImmediate(turn)
  }
}
