/** Every address of the management API; as `authority.test.ts`. */
import { fuzzAddresses } from './fuzzed-system.ts'

await fuzzAddresses(({ listener, url }) => listener === 'authority' && url.startsWith('/manage/'))
