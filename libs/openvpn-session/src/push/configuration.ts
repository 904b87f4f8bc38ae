/**
 * What a network gives to one of its clients, in the words of networks; which options say it depends on the client.
 * Routes and addresses are taken as they stand: the caller has checked that they are what they claim to be.
 */
export interface PushConfiguration {
  readonly ipv4: { readonly address: string; readonly netmask: string; readonly gateway: string }
  readonly ipv6?: { readonly address: string; readonly prefixLength: number; readonly gateway: string }
  readonly keepalive: { readonly pingSeconds: number; readonly pingRestartSeconds: number }
  /** CIDR text; `0.0.0.0/0` and `::/0` send everything through the tunnel. */
  readonly routes: readonly string[]
  readonly dns: {
    readonly servers: readonly string[]
    /** Appended to bare names. */
    readonly searchDomains: readonly string[]
    /** The only domains to ask these servers about; empty for every name. */
    readonly resolveDomains: readonly string[]
  }
  /** Keeps a Windows client from asking any other server. */
  readonly blockOutsideDns?: boolean
  /** Makes the client drop IPv6, so that nothing passes beside a tunnel that has none. */
  readonly blockIpv6?: boolean
  /** The client disconnects after so long without traffic. */
  readonly inactiveSeconds?: number
  /** The client disconnects after so long, whatever it does. */
  readonly sessionTimeoutSeconds?: number
  readonly tunMtu: number
  readonly receiveBufferBytes?: number
  readonly sendBufferBytes?: number
}
