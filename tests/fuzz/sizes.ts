/** How many inputs the addresses get in all; a few seconds' worth unless SALLYPORT_INPUTS says more. */
export const inputsInAll = Number(process.env.SALLYPORT_INPUTS ?? 2_000)

/** How many one address gets at least: 2,000 where the whole is a CI run's, else what is given. */
export const leastInputs = (usually: number): number => (inputsInAll >= 100_000 ? 2_000 : usually)

/** What the inputs are made from; a failure names it, and SALLYPORT_SEED repeats it. */
export const seed = Number(process.env.SALLYPORT_SEED ?? Date.now() % 2 ** 31)
