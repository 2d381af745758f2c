/** Every address of the gateway, the browser back end and the orders API; as `authority.test.ts`. */
import { fuzzListeners } from './fuzzed-system.ts'

await fuzzListeners(['gateway', 'app', 'ordersApi'])
