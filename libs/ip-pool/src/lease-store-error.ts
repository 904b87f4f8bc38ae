import { SallyportError } from '@sallyport/foundation'

/**
 * The store could not do its work. `store-unavailable`: it is away, busy or refuses to write, and trying again later may
 * help. `store-unreadable`: it holds what this release does not understand.
 */
export class LeaseStoreError extends SallyportError {
  declare readonly code: 'store-unavailable' | 'store-unreadable'

  constructor(code: 'store-unavailable' | 'store-unreadable', message: string, options: { cause?: unknown } = {}) {
    super(code, message, options)
  }
}
