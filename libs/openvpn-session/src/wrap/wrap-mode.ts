/** Number and time that make each wrapped packet of a sender different. */
export interface ReplayField {
  readonly id: number
  readonly timeSeconds: number
}

/** An authentic packet without its wrapping; the replay check is still to come. */
export interface OpenedWrap {
  readonly replay: ReplayField
  readonly body: Uint8Array
}

/** One way to wrap, under the keys of one side. It remembers nothing. */
export interface WrapMode {
  /** Length of a packet with nothing in it. */
  readonly minPacketBytes: number
  seal(header: Uint8Array, replay: ReplayField, body: Uint8Array): Uint8Array
  /** `undefined` when the packet is short or not authentic. */
  open(packet: Uint8Array): OpenedWrap | undefined
}
