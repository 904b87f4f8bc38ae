/** Data-channel ciphers of the engine, in OpenVPN's spelling. */
export const ENGINE_CIPHERS = ['AES-256-GCM', 'AES-128-GCM', 'CHACHA20-POLY1305'] as const
export type EngineCipher = (typeof ENGINE_CIPHERS)[number]

/** A UDP end point; IPv4 addresses are never written as mapped IPv6. */
export interface EndPoint {
  readonly address: string
  readonly port: number
}

/** One control packet received by the engine; `bytes` is owned by the receiver. */
export interface ControlPacket {
  readonly from: EndPoint
  readonly bytes: Uint8Array
}

/** A tenant network on this node: one TUN device, in a named network namespace or in the host's. */
export interface NetworkOptions {
  /** Index chosen by the caller, 0..65535, unique while the network exists. */
  readonly network: number
  /** Name below /run/netns; `undefined` is the namespace the process runs in. */
  readonly namespace: string | undefined
  /** ≤ 15 characters, must not exist yet. */
  readonly interfaceName: string
}

export interface PeerOptions {
  /** 24-bit peer-id as sent on the wire, 0..0xFFFFFE. */
  readonly peerId: number
  readonly network: number
  readonly remote: EndPoint
  /** The only inner source addresses accepted from the peer, and the destinations routed to it. */
  readonly ipv4: string | undefined
  readonly ipv6: string | undefined
}

/** Keys for one direction pair; key 32 or 16 bytes by cipher, implicit IVs of 8 bytes. Copied; the caller wipes its own. */
export interface KeyOptions {
  readonly peerId: number
  readonly slot: 'primary' | 'secondary'
  readonly keyId: number
  readonly cipher: EngineCipher
  readonly sealKey: Uint8Array
  readonly sealIv: Uint8Array
  readonly openKey: Uint8Array
  readonly openIv: Uint8Array
  /** Packet id to seal with first, 1 when absent; whoever takes over a key jumps forward, since a nonce is used once. */
  readonly firstPacketId?: number
}

/** Keepalive, in seconds; 0 turns a timer off. */
export interface KeepaliveOptions {
  /** A ping is sent when nothing was sent for this long. */
  readonly intervalSeconds: number
  /** `peer-timeout` is reported when nothing authentic was received for this long. */
  readonly timeoutSeconds: number
}

/** Inner (tunnel) and outer (UDP payload of data packets) traffic of a peer since it was added. */
export interface PeerStatistics {
  readonly receivedBytes: bigint
  readonly receivedPackets: bigint
  readonly sentBytes: bigint
  readonly sentPackets: bigint
  readonly transportReceivedBytes: bigint
  readonly transportSentBytes: bigint
}

/** What the engine reports of a peer. */
export type EngineEvent =
  /** The first packet opened with a key that was set in the secondary slot and has not been swapped since. */
  | { readonly type: 'key-used'; readonly peerId: number; readonly keyId: number }
  /** The sealing key is near its limit (packet id ≥ 0xFF000000 or 7/8 of the AEAD usage limit). */
  | { readonly type: 'key-limit'; readonly peerId: number; readonly keyId: number }
  | { readonly type: 'peer-timeout'; readonly peerId: number }
  | { readonly type: 'occ-exit'; readonly peerId: number }

/** Every reason for which the engine drops a packet, and the traffic totals; index = position in the counter array. */
export const ENGINE_COUNTERS = [
  'udpPacketsReceived',
  'udpPacketsSent',
  'tunPacketsReceived',
  'tunPacketsSent',
  'controlPacketsReceived',
  'dropTooShort',
  'dropBadOpcode',
  'dropControlQueueFull',
  'dropUnknownPeer',
  'dropWrongRemote',
  'dropUnknownKey',
  'dropBadTag',
  'dropReplayed',
  'dropNotIp',
  'dropSourceAddress',
  'dropNoRoute',
  'dropNoKey',
  'dropKeyExhausted',
  'dropTooLong',
  'dropNoSourcePort',
  'dropSendFailed',
  'dropTunWriteFailed',
  'pingsReceived',
  'pingsSent',
  'occIgnored',
] as const
export type EngineCounter = (typeof ENGINE_COUNTERS)[number]

/** Receivers of what comes up from the engine's thread; called on the JavaScript thread, in batches. */
export interface EngineHandlers {
  readonly onControl: (packets: readonly ControlPacket[]) => void
  readonly onEvent: (event: EngineEvent) => void
  /** The engine's thread stopped because of an error it cannot survive. */
  readonly onFatal: (error: Error) => void
}

/**
 * The packet path, behind the verbs of OpenVPN's kernel offload. One thread of its own; JavaScript never sees a data
 * packet. Every method throws `EngineError` with a stable `code` on misuse or a failed system call, and leaves the
 * engine as it was.
 */
export interface PacketEngine extends AsyncDisposable {
  /** Binds the UDP socket and starts the thread; port 0 lets the kernel choose. `::` also takes IPv4. */
  listen(local: EndPoint): EndPoint
  /** Sends a control packet; loss and refusal by the kernel are counted, not reported. */
  sendControl(to: EndPoint, bytes: Uint8Array): void
  /** Creates the TUN device (down, without address). Needs CAP_NET_ADMIN and CAP_SYS_ADMIN. */
  addNetwork(options: NetworkOptions): void
  /** Deletes the TUN device and every peer of the network. */
  removeNetwork(network: number): void
  /** Needs a socket (`listen`) and the network; inner addresses are unique within the network. */
  addPeer(options: PeerOptions): void
  /** Replaces the key in the slot; the two slots never hold the same key id. */
  setKey(options: KeyOptions): void
  /** Exchanges primary and secondary: sealing moves to the other key, of which there must be one. */
  swapKeys(peerId: number): void
  /** Forgets and wipes the key; an empty slot stays empty. */
  deleteKey(peerId: number, slot: 'primary' | 'secondary'): void
  /** Replaces the keepalive and starts both of its timers anew; they are exact to a second. */
  setKeepalive(peerId: number, options: KeepaliveOptions): void
  deletePeer(peerId: number): void
  statistics(peerId: number): PeerStatistics
  counters(): Readonly<Record<EngineCounter, bigint>>
  /** CPU seconds used so far by the engine's thread. */
  cpuSeconds(): number
}
