import type { CryptoSuite } from '@sallyport/openvpn-wire'

import type { InitialLimits } from './initial-limits.ts'
import type { CookieKey } from './psid-cookie.ts'
import type { StaticKey } from './static-keys.ts'
import type { WrappedKeyMemory } from './wrapped-key-memory.ts'

/** What a server needs for packets from addresses without a session; all but the last two are the same in a cluster. */
export interface ServerContext {
  /** How it computes. */
  readonly suite: CryptoSuite
  /** 128 bytes: opens the wrapped keys of all profiles. */
  readonly tlsCryptV2ServerKey: Uint8Array
  /** In any order. Without one nothing is answered. */
  readonly cookieKeys: readonly CookieKey[]
  /** Keys of the tenants that allow old clients; of more than `MAX_STATIC_KEYS` the first are tried. */
  readonly staticKeys: readonly StaticKey[]
  /** What strangers may cost this server. */
  readonly limits: InitialLimits
  /** Keys of clients that send their wrapped key only once. */
  readonly wrappedKeys: WrappedKeyMemory
}
