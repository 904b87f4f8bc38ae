import { Inject, Injectable } from '@nestjs/common'
import { type Cidr, cidrContainsAddress, type IpAddress, parseAddress } from '@sallyport/ip-network'

import type { Settings } from '../runtime/settings.ts'
import { SETTINGS } from '../runtime/tokens.ts'
import { carriedAddress, isLoopbackAddress, isPublicAddress } from './public-address.ts'

const MAX_URL_CHARACTERS = 2000

/** Says where webhooks may go: they must not make this service a door to what only it can reach. */
@Injectable()
export class WebhookTarget {
  readonly #privateNetworks: readonly Cidr[]
  /** An installation without TLS is for trying things out on one machine. */
  readonly #isForTrying: boolean

  constructor(@Inject(SETTINGS) settings: Pick<Settings, 'WEBHOOK_PRIVATE_NETWORKS' | 'AUTH_PUBLIC_URL'>) {
    this.#privateNetworks = settings.WEBHOOK_PRIVATE_NETWORKS
    this.#isForTrying = settings.AUTH_PUBLIC_URL.startsWith('http:')
  }

  /** Says what is wrong with a URL; `undefined` when events may be sent there, as far as the text tells. */
  problemOf(text: string): string | undefined {
    const url = URL.canParse(text) ? new URL(text) : undefined
    if (url === undefined || text.length > MAX_URL_CHARACTERS) return 'must be a URL of at most 2000 characters'
    if (url.username !== '' || url.password !== '') {
      return 'must not contain a user name or password: the receiver checks the signature instead'
    }
    if (url.hash !== '') return 'must not contain a fragment: it is not sent'
    const address = literalAddress(url)
    if (url.protocol === 'http:') {
      const isLoopback = url.hostname === 'localhost' || (address !== undefined && isLoopbackAddress(address))
      return this.#isForTrying && isLoopback ? undefined : 'must begin with https:'
    }
    if (url.protocol !== 'https:') return 'must begin with https:'
    if (address === undefined || this.allows(address)) return undefined
    return 'must not be a private address; the operator can allow some with WEBHOOK_PRIVATE_NETWORKS'
  }

  /** Tells whether a connection to this address may be made. */
  allows(address: IpAddress): boolean {
    if (isPublicAddress(address)) return true
    if (this.#isForTrying && isLoopbackAddress(address)) return true
    return this.#privateNetworks.some((cidr) => cidrContainsAddress(cidr, carriedAddress(address)))
  }
}

/** Gives the address of a URL whose host is one, in whatever form it was written. */
export function literalAddress({ hostname }: URL): IpAddress | undefined {
  return parseAddress(hostname.replace(/^\[|\]$/g, ''))
}
