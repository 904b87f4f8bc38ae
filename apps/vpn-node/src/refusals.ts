import { DENY_CODES, NOT_EQUIPPED_MESSAGES } from '@sallyport/contracts'
import type { Refusal } from '@sallyport/openvpn-session'

/** Reasons for which this node refuses a client by itself; auth-service's `DENY_CODES` come on top. */
const NODE_REFUSAL_CODES = [
  'certificate-missing',
  'certificate-expired',
  'certificate-not-yet-valid',
  'certificate-untrusted',
  'certificate-without-device',
  'malformed-credentials',
  'pool-full',
  'network-overlaps',
  'network-unavailable',
  'control-plane-away',
  'allocator-away',
  'sign-in-not-completed',
  'internal-error',
] as const

/** Every code under which a refusal is counted; what the session itself refuses counts as `protocol`. */
export const REFUSAL_CODES = [...NODE_REFUSAL_CODES, ...DENY_CODES, 'protocol'] as const
export type RefusalCode = (typeof REFUSAL_CODES)[number]

const AWAY_BACKOFF_SECONDS = 10
const FULL_BACKOFF_SECONDS = 30

type NodeRefusalCode = (typeof NODE_REFUSAL_CODES)[number]

interface RefusalText {
  readonly message: string
  readonly backoffSeconds?: number
  /** The fault is this node's own: another may have none. */
  readonly elsewhere?: true
}

const MESSAGES: Readonly<Record<NodeRefusalCode, RefusalText>> = {
  'certificate-missing': { message: 'No certificate in the profile: download a new profile' },
  'certificate-expired': { message: 'The certificate has expired: download a new profile' },
  'certificate-not-yet-valid': { message: 'The certificate is not valid yet: check the clock of this computer' },
  'certificate-untrusted': { message: 'The certificate was not issued by this tenant: download a new profile' },
  'certificate-without-device': {
    message: 'The certificate in the profile is not that of a device: download a new profile',
  },
  'malformed-credentials': { message: 'The credentials could not be read: enter user name and password again' },
  'pool-full': {
    message: NOT_EQUIPPED_MESSAGES['pool-full'],
    backoffSeconds: FULL_BACKOFF_SECONDS,
  },
  'network-overlaps': {
    message: NOT_EQUIPPED_MESSAGES['network-overlaps'],
    backoffSeconds: FULL_BACKOFF_SECONDS,
    elsewhere: true,
  },
  'network-unavailable': {
    message: NOT_EQUIPPED_MESSAGES['network-unavailable'],
    backoffSeconds: FULL_BACKOFF_SECONDS,
    elsewhere: true,
  },
  'control-plane-away': {
    message: 'Sign-in is temporarily unavailable: try again shortly',
    backoffSeconds: AWAY_BACKOFF_SECONDS,
  },
  'allocator-away': {
    message: NOT_EQUIPPED_MESSAGES['allocator-away'],
    backoffSeconds: AWAY_BACKOFF_SECONDS,
  },
  'sign-in-not-completed': { message: 'The sign-in was not completed in time: connect again' },
  'internal-error': {
    message: NOT_EQUIPPED_MESSAGES['internal-error'],
    backoffSeconds: FULL_BACKOFF_SECONDS,
    elsewhere: true,
  },
}

/** Makes the refusal for a reason of this node, with the sentence that the user reads. */
export function nodeRefusal(code: NodeRefusalCode): Refusal {
  const { message, backoffSeconds, elsewhere } = MESSAGES[code]
  if (backoffSeconds === undefined) return { code, message }
  return { code, message, temporary: { backoffSeconds, ...(elsewhere ? { advance: 'remote' } : {}) } }
}

/** Maps OpenSSL's verification error to what is wrong for the user. */
export function certificateRefusal(verifyError: string): Refusal {
  switch (verifyError) {
    case 'NO_CERTIFICATE':
      return nodeRefusal('certificate-missing')
    case 'CERT_HAS_EXPIRED':
      return nodeRefusal('certificate-expired')
    case 'CERT_NOT_YET_VALID':
      return nodeRefusal('certificate-not-yet-valid')
    default:
      return nodeRefusal('certificate-untrusted')
  }
}

/** The counter of a refusal; codes that the protocol core made up are counted together. */
export function refusalCounter(code: string): RefusalCode {
  return REFUSAL_CODES.find((known) => known === code) ?? 'protocol'
}
