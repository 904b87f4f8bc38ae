/** What carries the packets: datagrams that may be lost, doubled and reordered, or a stream where none of that happens. */
export type Transport = 'udp' | 'tcp'

/** Where a packet came from and which of our ports it reached; addresses as the kernel writes them, IPv4 never mapped. */
export interface RemoteAddress {
  readonly transport: Transport
  readonly address: string
  readonly port: number
  /** Port of ours that the packet was sent to. */
  readonly localPort: number
}
