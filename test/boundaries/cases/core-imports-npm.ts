// lint as: libs/openvpn-session/src/wrong-import.ts
// expect: @nx/enforce-module-boundaries
import { z } from 'zod'

export const schema = z.string()
