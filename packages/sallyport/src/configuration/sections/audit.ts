import { seconds, section } from '@sallyport/server'

export const auditSection = section(
  'audit',
  {
    keepSeconds: seconds({
      about:
        'Age from which on records of the audit trail are dropped, by closed file or block; left out, all are kept.',
      min: 86_400,
      max: 315_360_000,
      optional: true,
    }),
  },
  'The audit trail.',
)
