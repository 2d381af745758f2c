export type MaybePromise<T> = T | Promise<T>

/** Goes on with a value at once when it is there already, so that the cached path never waits for a turn of the loop. */
export function chain<T, R>(value: MaybePromise<T>, next: (value: T) => MaybePromise<R>): MaybePromise<R> {
  return value instanceof Promise ? value.then(next) : next(value)
}
