/**
 * Every address of the authority but the management API, with SALLYPORT_INPUTS inputs to the whole system (at least 2,000
 * an address from 100,000 on). What is served and not known here fails.
 */
import { fuzzAddresses } from './fuzzed-system.ts'

await fuzzAddresses(({ listener, url }) => listener === 'authority' && !url.startsWith('/manage/'))
