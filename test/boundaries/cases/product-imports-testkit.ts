// lint as: libs/ip-pool/src/wrong-import.ts
// expect: @nx/enforce-module-boundaries
import { ManualClock } from '@sallyport/testkit'

export const clock = new ManualClock()
