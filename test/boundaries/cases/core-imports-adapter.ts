// lint as: libs/openvpn-wire/src/wrong-import.ts
// expect: @nx/enforce-module-boundaries
import { createLogger } from '@sallyport/telemetry'

export const log = createLogger('wire', 'info')
