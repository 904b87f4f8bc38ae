import type { EngineCounter } from './engine-counters.ts'
import type { NetworkCounters, PeerCounters, PeerTrafficLimits } from './traffic-counters.ts'

/** Data-channel ciphers of the engine, in OpenVPN's spelling. */
export const ENGINE_CIPHERS = ['AES-256-GCM', 'AES-128-GCM', 'CHACHA20-POLY1305'] as const
export type EngineCipher = (typeof ENGINE_CIPHERS)[number]

/** The transports that a listener takes connections by. */
export type Transport = 'udp' | 'tcp'

/** An IP address and a port; IPv4 addresses are never written as mapped IPv6. */
export interface EndPoint {
  readonly address: string
  readonly port: number
}

/** Where a control packet came from and how an answer goes back. */
export interface Path {
  /** As given by `listen`. */
  readonly listener: number
  readonly transport: Transport
  readonly remote: EndPoint
  /** The address that the packet was sent to; an answer leaves from it, whichever of the host's addresses that is. */
  readonly local: EndPoint
  /** TCP only: number of the connection, never used again while the engine lives. */
  readonly stream: number | undefined
}

/** One control packet received by the engine; `bytes` is owned by the receiver. */
export interface ControlPacket {
  readonly path: Path
  readonly bytes: Uint8Array
}

/** What to listen on; port 0 lets the kernel choose, `::` also takes IPv4 where the host has both. */
export interface ListenOptions {
  readonly transport: Transport
  readonly address: string
  readonly port: number
  /** TCP: streams that do not begin like OpenVPN go to `onForeignStream` (port sharing); absent, they are closed. */
  readonly passForeign?: boolean
  /**
   * UDP: DSCP (0 to 63) of what leaves, 0 when absent; `copy` takes that of the packet inside. The congestion marks (ECN)
   * of the packet inside are always copied (RFC 6040).
   */
  readonly dscp?: 'copy' | number
}

/** A socket that the engine listens on, under the address and port that it really has. */
export interface Listener {
  /** 0, 1, 2 … in the order of the calls of `listen`. */
  readonly listener: number
  readonly transport: Transport
  readonly address: string
  readonly port: number
}

/** A TCP stream that is not OpenVPN's. */
export interface ForeignStream {
  /** The connected, non-blocking socket; the receiver owns it and must close it. */
  readonly fd: number
  readonly listener: number
  readonly remote: EndPoint
  /** What the engine has read of the stream already. */
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
  /**
   * Whose address leads a packet of the TUN device to a peer. `destination`, when absent: a server's side, where a peer
   * may only send from its own addresses and routes. `source`: a client's side, where the peer is the server and its
   * addresses are the client's own; the peer may only send what is for them.
   */
  readonly routeBy?: 'destination' | 'source'
}

export interface PeerOptions {
  /** 24-bit peer-id as sent on the wire, 0..0xFFFFFE. */
  readonly peerId: number
  readonly network: number
  /** As it came with a control packet of the peer; the peer's later float (UDP) is the engine's own business. */
  readonly path: Path
  /** The only inner source addresses accepted from the peer, and the destinations routed to it. */
  readonly ipv4: string | undefined
  readonly ipv6: string | undefined
  /**
   * Prefixes behind the peer (`10.9.0.0/16`, `2001:db8::/48`; no bits behind the prefix), besides its addresses. The
   * longest prefix of a network wins, both for what is sent to the peer and for the sources that are accepted from it.
   */
  readonly routes?: readonly string[]
  /**
   * The longest inner packet in bytes that is sent to the peer, 68 to 9000; 9000 when absent. A longer one is dropped
   * (`dropTooBig`) and its sender told by ICMP, at most 8 times a second.
   */
  readonly mtu?: number
  /** Lowers the maximum segment size of TCP connections through the tunnel, both ways, to at most this. */
  readonly segmentLimit?: { readonly ipv4: number; readonly ipv6: number }
}

/** A data key's own limits on traffic, each for one direction; the engine's limits of the cipher hold besides. */
export interface KeyLimits {
  readonly packets?: bigint
  /** Bytes of plaintext. */
  readonly bytes?: bigint
}

/** Keys for one direction pair. Copied; the caller wipes its own. */
export interface KeyOptions {
  readonly peerId: number
  readonly slot: 'primary' | 'secondary'
  readonly keyId: number
  readonly cipher: EngineCipher
  /**
   * Data packet format, classic when absent. Classic: keys of 32 or 16 bytes by cipher, implicit IVs of 8 bytes. Epoch
   * (OpenVPN's `aead-epoch`): the 32-byte secrets of epoch 1 whatever the cipher, and empty IVs.
   */
  readonly format?: 'classic' | 'epoch'
  readonly sealKey: Uint8Array
  readonly sealIv: Uint8Array
  readonly openKey: Uint8Array
  readonly openIv: Uint8Array
  /**
   * `lzo-byte` is for a peer whose profile insists on `comp-lzo`: every plaintext is preceded by the byte that says
   * "not compressed", and what arrives with another byte is dropped. Nothing is ever compressed or decompressed.
   */
  readonly framing?: 'none' | 'lzo-byte'
  /** `key-limit` is reported when either direction reaches one of them. */
  readonly limits?: KeyLimits
  /**
   * Packet id (epoch format: counter of epoch 1) to seal with first, 1 when absent; whoever takes over a key jumps
   * forward, since a nonce is used once.
   */
  readonly firstPacketId?: number
}

/** Keepalive, in seconds; 0 turns a timer off. */
export interface KeepaliveOptions {
  /** A ping is sent when nothing was sent for this long. */
  readonly intervalSeconds: number
  /** `peer-timeout` is reported when nothing authentic was received for this long. */
  readonly timeoutSeconds: number
}

/** Inner (tunnel) and outer (data packets without UDP or TCP framing) traffic of a peer since it was added. */
export interface PeerStatistics {
  readonly receivedBytes: bigint
  readonly receivedPackets: bigint
  readonly sentBytes: bigint
  readonly sentPackets: bigint
  readonly transportReceivedBytes: bigint
  readonly transportSentBytes: bigint
}

/** Where a tap listens: `inner` to what is in the tunnel, `outer` to the sealed packets as they travel. */
export type TapSide = 'inner' | 'outer'

/** A copy of a peer's packets, both ways, in a file. */
export interface TapOptions {
  readonly side: TapSide
  /** Open for writing; the engine uses a duplicate, the caller closes its own. */
  readonly fd: number
  /** The file grows no larger. */
  readonly maxBytes: number
}

/** What a tap has seen. */
export interface TapReport {
  readonly packets: bigint
  /** Of these, those that are not in the file, because it was full or the disk too slow; the file says so too. */
  readonly missed: bigint
  readonly fileBytes: bigint
}

/**
 * Why a data key must soon be replaced: its packet id is near the end, the AEAD usage limit is near, its own limit on
 * bytes or packets is reached, too many packets failed to open, or the epochs run out.
 */
export type KeyLimitReason = 'packet-id' | 'usage' | 'bytes' | 'packets' | 'failed-decryptions' | 'epoch'

/**
 * Why a TCP stream ended that `closeStream` did not end: the client closed it, its length framing broke, a data packet
 * did not open, the client did not read control packets any more, it was silent for too long (or not admitted in time,
 * or made way for another before), or the kernel reported an error.
 */
export type StreamCloseReason = 'peer-closed' | 'desynchronised' | 'bad-packet' | 'queue-full' | 'idle' | 'error'

/**
 * What the kernel may do for the engine: cut what is sent into datagrams (`UDP_SEGMENT`), keep received datagrams
 * together (`UDP_GRO`), take super-packets for the TUN device.
 */
export const ENGINE_OFFLOADS = ['segmentation', 'receive', 'tun'] as const
export type EngineOffload = (typeof ENGINE_OFFLOADS)[number]

/** What the engine reports of a peer or a stream, or of the machine. */
export type EngineEvent =
  /** The first packet opened with a key that was set in the secondary slot and has not been swapped since. */
  | { readonly type: 'key-used'; readonly peerId: number; readonly keyId: number }
  /** The key must soon be replaced; each reason is reported once for a key. */
  | { readonly type: 'key-limit'; readonly peerId: number; readonly keyId: number; readonly reason: KeyLimitReason }
  | { readonly type: 'peer-timeout'; readonly peerId: number }
  /** The kernel refused at run time what it had offered; the engine does it itself from now on. Once for each. */
  | { readonly type: 'offload-lost'; readonly what: EngineOffload }
  | { readonly type: 'occ-exit'; readonly peerId: number }
  /** Somebody deleted the network's device; it carries nothing until it is removed and added anew. Once for each thread. */
  | { readonly type: 'network-lost'; readonly network: number }
  /**
   * The peer has moved to the path: its newest packet (authentic, not replayed) came from there. UDP only; control
   * packets to the peer must go there too.
   */
  | { readonly type: 'peer-float'; readonly peerId: number; readonly path: Path }
  /**
   * The stream is gone; its peer, if it had one, stays without a way to send until it is deleted. Comes after the last
   * control packet of the stream, and never for a stream that no control packet came from.
   */
  | {
      readonly type: 'stream-closed'
      readonly stream: number
      readonly path: Path
      readonly peerId: number | undefined
      readonly reason: StreamCloseReason
    }

/** Who computes AES-GCM for an engine; ChaCha20-Poly1305 is OpenSSL's always. */
export type CipherLibrary = 'openssl' | 'ipsec-mb'

/** Most data threads that an engine has. */
export const MAX_DATA_THREADS = 16

/** What an engine is made with. */
export interface EngineOptions {
  /**
   * Threads that carry packets, 1 to `MAX_DATA_THREADS`, 1 when absent. Each has its own peers: one by UDP belongs to the
   * thread that is its peer-id modulo their number, those by TCP all belong to the first.
   */
  readonly dataThreads?: number
  /**
   * `auto`, when absent, takes libipsec-mb where the addon was built with it and the machine has it, and OpenSSL
   * elsewhere. `ipsec-mb` is refused with `cipher-library-missing` where it cannot be had.
   */
  readonly cipherLibrary?: CipherLibrary | 'auto'
}

/** What the engine found on this machine and uses. */
export interface EngineCapabilities {
  /** Whether the kernel cuts what is sent into datagrams; not before there is a UDP listener. */
  readonly segmentation: boolean
  /** Whether the kernel keeps received datagrams together; not before there is a UDP listener. */
  readonly receiveOffload: boolean
  /** What the TUN devices leave to the engine, each with what comes before; the least of them, `none` without any. */
  readonly tunOffload: 'none' | 'checksum' | 'tcp' | 'tcp-udp'
  readonly dataThreads: number
  readonly cipherLibrary: CipherLibrary
}

/** Receivers of what comes up from the engine's threads; called on the JavaScript thread, in batches. */
export interface EngineHandlers {
  readonly onControl: (packets: readonly ControlPacket[]) => void
  readonly onEvent: (event: EngineEvent) => void
  /** Called for listeners with `passForeign` only; the receiver owns the descriptor. */
  readonly onForeignStream: (stream: ForeignStream) => void
  /** A thread of the engine stopped because of an error it cannot survive. */
  readonly onFatal: (error: Error) => void
}

/**
 * The packet path, behind the verbs of OpenVPN's kernel offload. Its threads are its own; JavaScript never sees a data
 * packet. Every method throws `EngineError` with a stable `code` on misuse or a failed system call, and leaves the
 * engine as it was.
 */
export interface PacketEngine extends AsyncDisposable {
  /** Binds a socket, and starts the threads with the first one; all listeners share them. */
  listen(options: ListenOptions): Listener
  /** Sends a control packet; loss, refusal by the kernel and a stream that has ended are counted, not reported. */
  sendControl(path: Path, bytes: Uint8Array): void
  /**
   * Lets a TCP stream stay for whose client somebody can vouch; an unknown stream is ignored. Until then, or until it has
   * a peer, it is a stranger's, whatever comes by it: at most 1024 of them, 64 from one IPv4 address or IPv6 /64, each for
   * 60 s, and the oldest makes way. From then on it is closed after 90 s without a packet when it has no peer, and never
   * makes way: whoever admits streams bounds them.
   */
  admitStream(stream: number): void
  /** Closes a TCP stream when what is queued was sent, or after two seconds; an unknown stream is ignored. */
  closeStream(stream: number): void
  /**
   * From now on the control packets of this UDP client do not wait behind those of strangers: its address was proven,
   * theirs may be forged. Streams need none of this. `forget` ends it.
   */
  acquaint(path: Path): void
  forget(path: Path): void
  /** Creates the TUN device (down, without address). Needs CAP_NET_ADMIN and CAP_SYS_ADMIN. */
  addNetwork(options: NetworkOptions): void
  /** Deletes the TUN device and every peer of the network. */
  removeNetwork(network: number): void
  /**
   * Needs the path's listener and the network; inner addresses and routes are unique within the network. A TCP stream that has just
   * ended is no error: `stream-closed` is on its way.
   */
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
  /**
   * Replaces the peer's limits; whatever is above them is dropped and counted (`dropRateLimited`), before it is sealed or
   * after it has opened, since a forged packet must not use up what the peer may send.
   */
  setLimits(peerId: number, limits: PeerTrafficLimits): void
  statistics(peerId: number): PeerStatistics
  /** Like `statistics` and `counters`, these wait for no data thread, and none waits for them. */
  peerCounters(peerId: number): PeerCounters
  networkCounters(network: number): NetworkCounters
  /**
   * Copies the peer's data packets to a pcapng file until `stopTap` or until the peer is deleted; a peer has one tap at
   * most. Nothing of it waits for the disk: a file is complete a little after its tap has ended, and when the engine is
   * closed.
   */
  startTap(peerId: number, options: TapOptions): void
  stopTap(peerId: number): TapReport
  counters(): Readonly<Record<EngineCounter, bigint>>
  capabilities(): EngineCapabilities
  /** CPU seconds used so far by the engine's threads together. */
  cpuSeconds(): number
}
