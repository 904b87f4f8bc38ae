/** Peers of one node: the lower 16 bits of a peer-id. */
export const MAX_PEERS = 0x10000

/**
 * Hands out peer-ids: the node's slot in the upper 8 bits, so that no two nodes of a cluster use the same one. Ids are
 * given in turn, so that one comes back as late as possible after its peer is gone.
 */
export class PeerIds {
  readonly #slot: number
  readonly #used = new Set<number>()
  #next = 0

  constructor(nodeSlot: number) {
    this.#slot = nodeSlot
  }

  /** `undefined` when every id is in use. */
  allocate(): number | undefined {
    if (this.#used.size === MAX_PEERS) return undefined
    while (this.#used.has(this.#next)) this.#next = (this.#next + 1) % MAX_PEERS
    const peer = this.#next
    this.#used.add(peer)
    this.#next = (peer + 1) % MAX_PEERS
    return (this.#slot << 16) | peer
  }

  free(peerId: number): void {
    this.#used.delete(peerId & 0xffff)
  }
}
