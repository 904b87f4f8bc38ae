import { describeError } from '@sallyport/foundation'
import { TlsClientContext } from '@sallyport/tls-engine'

import { LoadError } from '../load-error.ts'
import type { LoadProfile } from './profile.ts'

/** The TLS side of profiles, made when it is needed first. */
export class TlsContexts {
  readonly #contexts = new Map<LoadProfile, TlsClientContext>()

  /** Throws `TlsEngineError` when certificate, key or CA cannot be used. */
  of(profile: LoadProfile): TlsClientContext {
    const known = this.#contexts.get(profile)
    if (known !== undefined) return known
    const made = new TlsClientContext(profile.tls)
    this.#contexts.set(profile, made)
    return made
  }

  /** Throws `LoadError` `bad-profile` when certificate, key or CA cannot be used. */
  check(profile: LoadProfile): void {
    try {
      this.of(profile)
    } catch (error) {
      throw new LoadError('bad-profile', `${profile.name}: ${describeError(error)}`, { cause: error })
    }
  }
}
