/**
 * The drops that are counted for each peer. Of a packet that did not open only its peer-id, which anyone may write, says
 * whose it is.
 */
export const PEER_DROPS = [
  'dropTooShort',
  'dropWrongRemote',
  'dropUnknownKey',
  'dropUnknownEpoch',
  'dropBadTag',
  'dropReplayed',
  'dropOpenExhausted',
  'dropCompressed',
  'dropNotIp',
  'dropSourceAddress',
  'dropCongestionMark',
  'dropTunWriteFailed',
  'dropNoKey',
  'dropKeyExhausted',
  'dropTooBig',
  'dropStreamQueueFull',
  'dropUnknownStream',
  'dropSendFailed',
  'dropRateLimited',
  'dropUnfair',
] as const
export type PeerDrop = (typeof PEER_DROPS)[number]

/** The drops that are counted for each network: those of its peers, and what its TUN device gave that is for no peer. */
export const NETWORK_DROPS = [...PEER_DROPS, 'dropTooLong', 'dropBadVirtioHeader', 'dropNoRoute'] as const
export type NetworkDrop = (typeof NETWORK_DROPS)[number]

/** Every reason for which the engine drops a packet, and the traffic totals; index = position in the counter array. */
export const ENGINE_COUNTERS = [
  'udpPacketsReceived',
  'udpPacketsSent',
  'tcpPacketsReceived',
  'tcpPacketsSent',
  'tunPacketsReceived',
  'tunPacketsSent',
  'controlPacketsReceived',
  ...NETWORK_DROPS,
  'dropBadOpcode',
  'dropControlQueueFull',
  'dropUnknownPeer',
  'dropNoSourcePort',
  'dropStreamLimit',
  'dropStreamOriginLimit',
  'dropForeignStream',
  'dropInboxFull',
  'streamsAccepted',
  'streamsPassedOn',
  'streamsPeerClosed',
  'streamsDesynchronised',
  'streamsBadPacket',
  'streamsQueueFull',
  'streamsIdle',
  'streamsFailed',
  'streamsHeldBack',
  'peersFloated',
  'pingsReceived',
  'pingsSent',
  'tooBigAnswered',
  'fallbacksSegmentation',
  'fallbacksSegmentCount',
  'fallbacksPathMtu',
  'occIgnored',
  'packetsHandedOver',
  'fallbacksTunWrite',
  'receivePauses',
] as const
export type EngineCounter = (typeof ENGINE_COUNTERS)[number]
