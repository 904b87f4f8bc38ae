// lint as: apps/vpn-node/src/wrong-import.ts
// expect: @nx/enforce-module-boundaries
import { withTenant } from '@sallyport/database'

export const query = withTenant
