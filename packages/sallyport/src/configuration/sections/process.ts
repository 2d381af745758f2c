import { choice, list, seconds, section, text } from '@sallyport/server'

/** What one process can serve; `orders-api` is the demo's service. */
export const partNames = ['authority', 'gateway', 'bff', 'orders-api'] as const

export type PartName = (typeof partNames)[number]

export const processName = /^[a-zA-Z0-9][a-zA-Z0-9._-]{0,39}$/
export const processNameRange = '1 to 40 of letters, digits and . _ -'

export const processSection = section(
  'process',
  {
    parts: list(choice(partNames, { about: 'A part.' }), {
      about: 'The parts that this process runs; --only names others.',
      default: partNames,
      minItems: 1,
      maxItems: partNames.length,
    }),
    name: text({
      about:
        'Names this process to the others, and its chain in the audit trail; --name gives another. No two have the same.',
      default: 'authority',
      maxLength: 40,
      pattern: processName,
      range: processNameRange,
    }),
    drainSeconds: seconds({
      about:
        'What stopping leaves to the proxies before it, twice: so long /readyz says 503 and all is served, and so long again only kept connections are.',
      min: 0,
      max: 300,
      default: 0,
    }),
  },
  'This process, where several serve one installation.',
)
