import { storeContract } from '../contract.suite.ts'
import { openScratch } from './scratch-store.ts'

storeContract('sqlite', openScratch)
