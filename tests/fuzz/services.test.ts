/** Every address of the gateway, the browser back end and the orders API; as `authority.test.ts`. */
import { fuzzAddresses } from './fuzzed-system.ts'

await fuzzAddresses(({ listener }) => listener !== 'authority')
