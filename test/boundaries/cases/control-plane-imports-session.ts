// lint as: apps/auth-service/src/wrong-import.ts
// expect: @nx/enforce-module-boundaries
import { Session } from '@sallyport/openvpn-session'

export const session = Session
