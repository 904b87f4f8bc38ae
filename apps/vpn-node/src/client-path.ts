import type { RemoteAddress } from '@sallyport/openvpn-session'
import type { Path } from '@sallyport/packet-engine'

/**
 * Names a path for a table: sessions of one UDP client address on one listener, or of one TCP connection. The node's own
 * address is no part of it, since a client that is answered from another of the node's addresses is still the same.
 */
export function pathKey({ transport, listener, remote, stream }: Path): string {
  if (transport === 'tcp') return `tcp|${String(stream)}`
  return `udp|${String(listener)}|${remote.address}|${String(remote.port)}`
}

/** A path as the protocol sees it: whom a cookie proves, and who is counted by the limits. */
export function remoteAddressOf({ transport, remote, local }: Path): RemoteAddress {
  return { transport, address: remote.address, port: remote.port, localPort: local.port }
}
