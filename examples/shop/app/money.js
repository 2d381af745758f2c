const euros = new Intl.NumberFormat('en-IE', { style: 'currency', currency: 'EUR' })

/** Whole cents as a person reads them. */
export const money = cents => euros.format(cents / 100)
