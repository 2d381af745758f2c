const day = 86_400

/** A moment as people say it, for lists: "just now", "5 minutes ago", "yesterday", "on 3 November 2026". */
export function moment(at: number, now: number): string {
  const ago = Math.max(0, now - at)
  if (ago < 60) return 'just now'
  if (ago < 3600) return counted(Math.floor(ago / 60), 'minute')
  if (ago < day) return counted(Math.floor(ago / 3600), 'hour')
  if (ago < 2 * day) return 'yesterday'
  if (ago < 30 * day) return counted(Math.floor(ago / day), 'day')
  return `on ${dateFormat.format(at * 1000)}`
}

const dateFormat = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone: 'UTC' })

const counted = (count: number, unit: string): string => `${count} ${unit}${count === 1 ? '' : 's'} ago`
