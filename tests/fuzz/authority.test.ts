/**
 * Every address of the authority, with SALLYPORT_INPUTS inputs in all (at least 2,000 an address from 100,000 on). What is
 * served and not known here fails.
 */
import { fuzzListeners } from './fuzzed-system.ts'

await fuzzListeners(['authority'])
