/** What a client says about itself, `IV_VER` and the like. Values are untrusted text of printable characters. */
export type PeerInfo = ReadonlyMap<string, string>

/** Bits of `IV_PROTO`, each an ability that the client has. */
export const IV_PROTO = {
  dataV2: 1 << 1,
  requestPush: 1 << 2,
  tlsKeyExport: 1 << 3,
  authPendingKeyword: 1 << 4,
  /** Set by a peer that does not pull options. */
  peerToPeer: 1 << 5,
  exitNotify: 1 << 7,
  authFailTemporary: 1 << 8,
  dynamicTlsCrypt: 1 << 9,
  dataEpoch: 1 << 10,
  dnsOption: 1 << 11,
  pushUpdate: 1 << 12,
} as const
export type IvProtoBit = (typeof IV_PROTO)[keyof typeof IV_PROTO]

const MAX_LINES = 64
const LINE = /^([A-Za-z0-9_]{1,64})=([^\p{Cc}]{0,512})$/u

/** Reads `NAME=VALUE` lines; the first of a name counts, and lines of another form or beyond the 64th are left out. */
export function parsePeerInfo(text: string): PeerInfo {
  const info = new Map<string, string>()
  for (const line of text.split('\n', MAX_LINES)) {
    const [, name, value] = LINE.exec(line) ?? []
    if (name !== undefined && value !== undefined && !info.has(name)) info.set(name, value)
  }
  return info
}

/** Builds the text form. */
export function serialisePeerInfo(info: PeerInfo): string {
  return Array.from(info, ([name, value]) => `${name}=${value}\n`).join('')
}

/** Says whether the client announced an ability; without a readable `IV_PROTO` it has none. */
export function hasIvProto(info: PeerInfo, bit: IvProtoBit): boolean {
  const text = info.get('IV_PROTO') ?? ''
  return /^\d{1,9}$/.test(text) && (Number(text) & bit) !== 0
}
