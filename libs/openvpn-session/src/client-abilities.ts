import { hasIvProto, IV_PROTO, type PeerInfo } from '@sallyport/openvpn-wire'

import type { Dialogue } from './actions.ts'
import { type ClientFamily, clientFamily, type ClientFamilyName, type UpdatableKind } from './client-family.ts'

/** What one client can do: what it announced, as far as its family keeps such promises. */
export interface ClientAbilities {
  readonly family: ClientFamily & { readonly name: ClientFamilyName }
  readonly onWindows: boolean
  /** Sends and takes data packets with a peer-id. */
  readonly dataV2: boolean
  /** Does not take options from a server. */
  readonly peerToPeer: boolean
  /** Takes its options without asking. */
  readonly pushUnasked: boolean
  readonly tlsKeyExport: boolean
  /** Understands the option `protocol-flags`, and EXIT in both directions goes by the family. */
  readonly protocolFlags: boolean
  readonly dynamicTlsCrypt: boolean
  readonly dataEpoch: boolean
  /** Understands the option `dns` in its final form. */
  readonly dnsOption: boolean
  readonly updatableKinds: readonly UpdatableKind[]
  readonly temporaryFailure: boolean
  /** AUTH_PENDING may name the time that the user has. */
  readonly pendingTimeout: boolean
  readonly dialogues: readonly Dialogue[]
  /** How it is sent to a web page; `undefined` when it cannot be. */
  readonly webDialogue: 'WEB_AUTH' | 'OPEN_URL' | undefined
  /** Largest `tun-mtu` that may be pushed; `undefined` when none may. */
  readonly maxTunMtu: number | undefined
  /** Best compression stub that it announced. */
  readonly compressionStub: 'stub-v2' | 'comp-lzo' | undefined
}

/** Any of these announces that the framing of `comp-lzo` is understood. */
const LZO_FRAMING = ['IV_LZO', 'IV_LZO_STUB', 'IV_COMP_STUB', 'IV_LZ4', 'IV_LZ4v2'] as const

/** Reads what a client can do from its peer info. */
export function readAbilities(peerInfo: PeerInfo): ClientAbilities {
  const family = clientFamily(peerInfo)
  const has = (bit: Parameters<typeof hasIvProto>[1]): boolean => hasIvProto(peerInfo, bit)
  const signOn = new Set((peerInfo.get('IV_SSO') ?? '').split(','))
  const webDialogue = webMethod(family, signOn)
  return {
    family,
    onWindows: peerInfo.get('IV_PLAT') === 'win',
    dataV2: has(IV_PROTO.dataV2),
    peerToPeer: has(IV_PROTO.peerToPeer),
    pushUnasked: has(IV_PROTO.requestPush),
    tlsKeyExport: has(IV_PROTO.tlsKeyExport),
    protocolFlags: has(IV_PROTO.exitNotify),
    dynamicTlsCrypt: has(IV_PROTO.dynamicTlsCrypt) && !isFailing(peerInfo, family.failingDynamicTlsCrypt),
    dataEpoch: has(IV_PROTO.dataEpoch),
    dnsOption: has(IV_PROTO.dnsOption),
    updatableKinds: has(IV_PROTO.pushUpdate) ? family.updatableKinds : [],
    temporaryFailure: has(IV_PROTO.authFailTemporary),
    pendingTimeout: has(IV_PROTO.authPendingKeyword),
    dialogues: dialogues(family, peerInfo, signOn, webDialogue !== undefined),
    webDialogue,
    maxTunMtu: maxTunMtu(peerInfo.get('IV_MTU')),
    compressionStub: compressionStub(peerInfo),
  }
}

function isFailing(peerInfo: PeerInfo, releases: readonly string[]): boolean {
  return releases.includes(peerInfo.get('IV_VER') ?? '')
}

function webMethod(family: ClientFamily, signOn: ReadonlySet<string>): ClientAbilities['webDialogue'] {
  if (family.pendingAuthentication === 'never') return undefined
  if (signOn.has('webauth')) return 'WEB_AUTH'
  return signOn.has('openurl') ? 'OPEN_URL' : undefined
}

function dialogues(
  family: ClientFamily,
  peerInfo: PeerInfo,
  signOn: ReadonlySet<string>,
  web: boolean,
): readonly Dialogue[] {
  const { dynamicChallenge, pendingAuthentication } = family
  const challenge = dynamicChallenge === 'always' || (dynamicChallenge === 'with-gui' && peerInfo.has('IV_GUI_VER'))
  const text = pendingAuthentication !== 'never' && signOn.has('crtext')
  const known: readonly (Dialogue | false)[] = [challenge && 'dynamic-challenge', text && 'text', web && 'web']
  return known.filter((dialogue) => dialogue !== false)
}

function maxTunMtu(announced: string | undefined): number | undefined {
  return announced !== undefined && /^\d{3,5}$/.test(announced) ? Number(announced) : undefined
}

function compressionStub(peerInfo: PeerInfo): ClientAbilities['compressionStub'] {
  if (peerInfo.get('IV_COMP_STUBv2') === '1') return 'stub-v2'
  return LZO_FRAMING.some((name) => peerInfo.get(name) === '1') ? 'comp-lzo' : undefined
}
