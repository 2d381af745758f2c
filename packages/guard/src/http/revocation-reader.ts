import { type RevocationList, revocationList } from '@sallyport/credentials'
import type { GuardContext } from '../guard-context.ts'
import type { Revocations, RevocationsState } from '../revocations.ts'

export interface RevocationReaderOptions {
  readonly issuer: string
  readonly url: string
  /** 2 to 300. */
  readonly maxSilenceSeconds: number
}

/** Silence after which the operator is told: four heartbeats. */
const alarmSeconds = 2
/** Silence after which the connection is given up for a new one. */
const reconnectSeconds = 3
/** How long the first request waits for the first snapshot. */
const openingSeconds = 3
const checkEveryMilliseconds = 250
const firstPauseMilliseconds = 100
const longestPauseMilliseconds = 2_000
/** More without the end of a line is no feed. */
const maxLineLength = 1024 * 1024

/**
 * Follows an issuer's revocation feed for as long as the guard lives: reads the stream line by line, comes back after a
 * loss where it stopped, and asks for a new snapshot after a gap.
 */
export function followRevocations(options: RevocationReaderOptions, context: GuardContext): Revocations {
  const list = revocationList({ issuer: options.issuer, maxSilenceSeconds: options.maxSilenceSeconds })
  const closing = new AbortController()
  const opening = Promise.withResolvers<void>()
  const watch: Watch = {
    heardAt: undefined,
    connection: undefined,
    startedAt: context.elapsedSeconds(),
    feed: 'connecting',
  }
  const state = (): RevocationsState => stateOf(watch, options.maxSilenceSeconds, context.elapsedSeconds())

  void follow(options, context, list, watch, closing.signal, () => opening.resolve())
  const check = setInterval(() => {
    const { feed, silentForSeconds } = state()
    if (feed !== watch.feed) report(context, options, watch.feed, feed, silentForSeconds)
    watch.feed = feed
    if (silentForSeconds > reconnectSeconds) giveUpSilentConnection(watch, context)
  }, checkEveryMilliseconds)
  check.unref()
  const openingTimer = setTimeout(() => opening.resolve(), openingSeconds * 1000)
  openingTimer.unref()
  closing.signal.addEventListener('abort', () => {
    clearInterval(check)
    clearTimeout(openingTimer)
    opening.resolve()
    watch.connection?.abort.abort()
  })

  return {
    judge: token => list.judge(token, context.nowSeconds()),
    opened: () => (watch.heardAt === undefined ? opening.promise : undefined),
    state,
    close: () => closing.abort(),
  }
}

interface Watch {
  /** On the clock that is never set; `undefined` before the first complete snapshot. */
  heardAt: number | undefined
  connection: { readonly abort: AbortController; heardAt: number } | undefined
  readonly startedAt: number
  feed: RevocationsState['feed']
}

function stateOf(watch: Watch, maxSilenceSeconds: number, now: number): RevocationsState {
  const silentForSeconds = now - (watch.heardAt ?? watch.startedAt)
  if (silentForSeconds > maxSilenceSeconds) return { feed: 'silent', silentForSeconds }
  if (watch.heardAt === undefined) return { feed: 'connecting', silentForSeconds }
  return { feed: silentForSeconds > alarmSeconds ? 'late' : 'live', silentForSeconds }
}

function report(
  context: GuardContext,
  options: RevocationReaderOptions,
  before: RevocationsState['feed'],
  now: RevocationsState['feed'],
  silentForSeconds: number,
): void {
  const fields = { url: options.url, silent_for_seconds: Math.round(silentForSeconds * 10) / 10 }
  if (now === 'live') context.log.info(before === 'connecting' ? 'revocations_opened' : 'revocations_back', fields)
  if (now === 'late')
    context.log.warn('revocations_late', { ...fields, closes_after_seconds: options.maxSilenceSeconds })
  if (now === 'silent')
    context.log.error('revocations_silent', { ...fields, do: 'Everything is answered 503 until the feed is back.' })
}

/** A connection that died without a word is noticed by its silence. */
function giveUpSilentConnection(watch: Watch, context: GuardContext): void {
  const { connection } = watch
  if (connection !== undefined && context.elapsedSeconds() - connection.heardAt > reconnectSeconds)
    connection.abort.abort()
}

async function follow(
  options: RevocationReaderOptions,
  context: GuardContext,
  list: RevocationList,
  watch: Watch,
  closing: AbortSignal,
  onOpened: () => void,
): Promise<void> {
  let pause = firstPauseMilliseconds
  while (!closing.aborted) {
    const abort = new AbortController()
    watch.connection = { abort, heardAt: context.elapsedSeconds() }
    let said: string | undefined
    try {
      for await (const line of linesOf(resumeAddress(options.url, list), abort.signal)) {
        watch.connection.heardAt = context.elapsedSeconds()
        const applied = list.apply(line, context.nowSeconds())
        if (applied === 'gap') break
        if (typeof applied !== 'string' && applied.refused !== said) {
          said = applied.refused
          context.log.warn('revocation_message_refused', { url: options.url, ...applied })
        }
        if (applied !== 'applied' || !list.state().inStep) continue
        watch.heardAt = context.elapsedSeconds()
        pause = firstPauseMilliseconds
        onOpened()
      }
    } catch (error) {
      if (!closing.aborted) context.log.warn('revocations_unreachable', { url: options.url, got: messageOf(error) })
    }
    abort.abort()
    if (!closing.aborted) await pauseFor(pause, closing)
    pause = Math.min(pause * 2, longestPauseMilliseconds)
  }
}

/** In step: only what came since; otherwise everything, as a snapshot. */
function resumeAddress(url: string, list: RevocationList): string {
  const { inStep, epoch, seq } = list.state()
  if (!inStep || epoch === undefined || seq === undefined) return url
  const resume = new URL(url)
  resume.searchParams.set('after', `${epoch}.${seq}`)
  return resume.href
}

async function* linesOf(url: string, signal: AbortSignal): AsyncGenerator<string> {
  const response = await fetch(url, { signal, redirect: 'error', headers: { accept: 'application/jwt-stream' } })
  if (response.status !== 200 || response.body === null) throw new Error(`status ${response.status}`)
  let rest = ''
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    if (rest.length > maxLineLength) throw new Error(`a line longer than ${maxLineLength}`)
    for (const line of lines) if (line.trim() !== '') yield line.trim()
  }
}

function pauseFor(milliseconds: number, closing: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, milliseconds * (0.5 + Math.random() / 2))
  closing.addEventListener('abort', () => {
    clearTimeout(timer)
    resolve()
  })
  return promise
}

/** What went wrong, with the cause that fetch hides. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return 'no answer'
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message
}
