import type { PeerInfo } from '@sallyport/openvpn-wire'

/** Options that a client may be able to change while it is connected, among those that a network sets. */
export type UpdatableKind =
  | 'block-ipv6'
  | 'block-outside-dns'
  | 'dhcp-option'
  | 'dns'
  | 'ifconfig'
  | 'ifconfig-ipv6'
  | 'keepalive'
  | 'redirect-gateway'
  | 'route'
  | 'route-gateway'
  | 'route-ipv6'
  | 'tun-mtu'

/**
 * What is known of a line of clients beyond what each of them announces. A client gets something only when its family
 * has it here and it announced it, where there is an announcement. Everything that differs by family is a column.
 */
export interface ClientFamily {
  readonly name: string
  readonly label: string
  /** Head of the reason of RESTART: credentials are kept, the next server is tried. */
  readonly restartHead: string
  readonly restartAdvanceHead: string
  /** What becomes of a session token after a RESTART without a head. */
  readonly tokenAfterPlainRestart: 'kept' | 'cleared'
  /** Understands EXIT from a server. */
  readonly exit: boolean
  /** Shows the text of INFO to its user. */
  readonly info: boolean
  /** Which messages of a TLS record it reads. Always served with one message in each. */
  readonly messagesPerRecord: 'first' | 'all' | 'only-one'
  /** Takes AUTH_PENDING and INFO_PRE, each time or once in an attempt. */
  readonly pendingAuthentication: 'never' | 'once' | 'repeatedly'
  /** Can come back with the answer to AUTH_FAILED,CRV1; without a user interface the 2.x line just gives up. */
  readonly dynamicChallenge: 'never' | 'with-gui' | 'always'
  /** The `dhcp-option` that appends a domain to bare names; clients that announced it get the `dns` option instead. */
  readonly domainOption: 'DOMAIN' | 'DOMAIN-SEARCH'
  readonly blockIpv6: boolean
  readonly sessionTimeout: boolean
  /** Takes `sndbuf` and `rcvbuf`. */
  readonly bufferSizes: boolean
  readonly authTokenUser: boolean
  /** Has to be told to say goodbye, over UDP. */
  readonly explicitExitNotify: boolean
  /** Takes a PUSH_REPLY in several messages. */
  readonly pushContinuation: boolean
  /** What PUSH_UPDATE may change in clients that announce it. */
  readonly updatableKinds: readonly UpdatableKind[]
  /** Framing of a client whose profile has compression, but that announced none: any pushed word about it is fatal. */
  readonly unannouncedCompression: 'none' | 'lzo-byte'
  /** Releases that fail when renegotiations are wrapped with a key of their own. */
  readonly failingDynamicTlsCrypt: readonly string[]
}

const UPDATABLE_BY_ALL = [
  'block-ipv6',
  'block-outside-dns',
  'dhcp-option',
  'dns',
  'ifconfig',
  'ifconfig-ipv6',
  'redirect-gateway',
  'route',
  'route-gateway',
  'route-ipv6',
  'tun-mtu',
] as const

/** A client of which nothing is known gets what every OpenVPN understands, and is asked for nothing special. */
const UNKNOWN = {
  name: 'unknown',
  label: 'unknown client',
  restartHead: '[P]:',
  restartAdvanceHead: '[P]:',
  tokenAfterPlainRestart: 'cleared',
  exit: false,
  info: false,
  messagesPerRecord: 'only-one',
  pendingAuthentication: 'never',
  dynamicChallenge: 'never',
  domainOption: 'DOMAIN',
  // Unknown options are skipped; that nothing passes beside the tunnel is worth a line in a log.
  blockIpv6: true,
  sessionTimeout: false,
  bufferSizes: false,
  authTokenUser: false,
  explicitExitNotify: false,
  pushContinuation: true,
  updatableKinds: [],
  unannouncedCompression: 'lzo-byte',
  failingDynamicTlsCrypt: [],
} as const satisfies ClientFamily

const OPENVPN_2_4 = {
  ...UNKNOWN,
  name: 'openvpn-2.4',
  label: 'OpenVPN 2.4',
  restartAdvanceHead: '[PN]:',
  tokenAfterPlainRestart: 'kept',
  messagesPerRecord: 'first',
  dynamicChallenge: 'with-gui',
  blockIpv6: false,
  bufferSizes: true,
  explicitExitNotify: true,
} as const satisfies ClientFamily

const OPENVPN_2_5 = {
  ...OPENVPN_2_4,
  name: 'openvpn-2.5',
  label: 'OpenVPN 2.5',
  info: true,
  messagesPerRecord: 'all',
  pendingAuthentication: 'repeatedly',
  domainOption: 'DOMAIN-SEARCH',
  blockIpv6: true,
  authTokenUser: true,
} as const satisfies ClientFamily

const OPENVPN_2_6 = {
  ...OPENVPN_2_5,
  name: 'openvpn-2.6',
  label: 'OpenVPN 2.6',
  exit: true,
  sessionTimeout: true,
  // Without an announcement the kernel carries the data, and it knows no framing.
  unannouncedCompression: 'none',
  failingDynamicTlsCrypt: ['2.6.0', '2.6.1'],
} as const satisfies ClientFamily

const OPENVPN_2_7 = {
  ...OPENVPN_2_6,
  name: 'openvpn-2.7',
  label: 'OpenVPN 2.7 and later',
  updatableKinds: [...UPDATABLE_BY_ALL, 'keepalive'],
  failingDynamicTlsCrypt: [],
} as const satisfies ClientFamily

const OPENVPN3_3_5 = {
  ...UNKNOWN,
  name: 'openvpn3-3.5',
  label: 'openvpn3 core up to 3.5',
  info: true,
  pendingAuthentication: 'once',
  dynamicChallenge: 'always',
  authTokenUser: true,
} as const satisfies ClientFamily

const OPENVPN3_3_7 = {
  ...OPENVPN3_3_5,
  name: 'openvpn3-3.7',
  label: 'openvpn3 core 3.6 and 3.7',
} as const satisfies ClientFamily

const OPENVPN3_3_8 = {
  ...OPENVPN3_3_7,
  name: 'openvpn3-3.8',
  label: 'openvpn3 core 3.8',
  domainOption: 'DOMAIN-SEARCH',
} as const satisfies ClientFamily

const OPENVPN3_3_10 = {
  ...OPENVPN3_3_8,
  name: 'openvpn3-3.10',
  label: 'openvpn3 core 3.9 and 3.10',
} as const satisfies ClientFamily

const OPENVPN3_3_11 = {
  ...OPENVPN3_3_10,
  name: 'openvpn3-3.11',
  label: 'openvpn3 core 3.11 and later',
  updatableKinds: UPDATABLE_BY_ALL,
} as const satisfies ClientFamily

/** Every row, oldest first in each line. */
export const CLIENT_FAMILIES = [
  OPENVPN_2_4,
  OPENVPN_2_5,
  OPENVPN_2_6,
  OPENVPN_2_7,
  OPENVPN3_3_5,
  OPENVPN3_3_7,
  OPENVPN3_3_8,
  OPENVPN3_3_10,
  OPENVPN3_3_11,
  UNKNOWN,
] as const
export type ClientFamilyName = (typeof CLIENT_FAMILIES)[number]['name']

interface Range {
  readonly major: number
  readonly firstMinor: number
  readonly family: ClientFamily & { readonly name: ClientFamilyName }
}

/** Which version begins which family; each lasts until the next one of its line. */
const RANGES: readonly Range[] = [
  { major: 2, firstMinor: 7, family: OPENVPN_2_7 },
  { major: 2, firstMinor: 6, family: OPENVPN_2_6 },
  { major: 2, firstMinor: 5, family: OPENVPN_2_5 },
  { major: 2, firstMinor: 4, family: OPENVPN_2_4 },
  { major: 3, firstMinor: 11, family: OPENVPN3_3_11 },
  { major: 3, firstMinor: 9, family: OPENVPN3_3_10 },
  { major: 3, firstMinor: 8, family: OPENVPN3_3_8 },
  { major: 3, firstMinor: 6, family: OPENVPN3_3_7 },
  { major: 3, firstMinor: 0, family: OPENVPN3_3_5 },
]

/** Minor version of OpenVPN Connect, and of the core in it, for releases whose core does not give its version. */
const CONNECT_CORES = [
  { firstMinor: 5, coreMinor: 9 },
  { firstMinor: 4, coreMinor: 8 },
  { firstMinor: 0, coreMinor: 0 },
] as const

/** Recognises a client by what it says about itself. */
export function clientFamily(peerInfo: PeerInfo): ClientFamily & { readonly name: ClientFamilyName } {
  const version = coreVersion(peerInfo.get('IV_VER') ?? '', peerInfo.get('IV_GUI_VER') ?? '')
  const range = RANGES.find(({ major, firstMinor }) => version?.major === major && version.minor >= firstMinor)
  return range?.family ?? UNKNOWN
}

function coreVersion(core: string, gui: string): { major: number; minor: number } | undefined {
  const [, major, minor] = /^(\d{1,3})\.(\d{1,3})(?!\d)/.exec(core) ?? []
  if (major !== undefined && minor !== undefined) return { major: Number(major), minor: Number(minor) }
  if (!core.startsWith('3.git')) return undefined
  const connectMinor = Number(/^OC[A-Za-z]+_3\.(\d{1,3})/.exec(gui)?.[1] ?? 0)
  return { major: 3, minor: CONNECT_CORES.find(({ firstMinor }) => connectMinor >= firstMinor)?.coreMinor ?? 0 }
}
