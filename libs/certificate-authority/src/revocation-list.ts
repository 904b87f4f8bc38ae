import 'reflect-metadata'

import type { webcrypto } from 'node:crypto'

import {
  AuthorityKeyIdentifierExtension,
  Extension,
  type X509Certificate,
  X509CrlGenerator,
  X509CrlReason,
} from '@peculiar/x509'

import { AUTHORITY_SIGNATURE, BACKDATE_MS } from './authority.ts'

/** RFC 5280 §5.2.3. */
const CRL_NUMBER_OID = '2.5.29.20'
const DER_INTEGER = 0x02

/** Why a certificate is revoked; the names of RFC 5280 §5.3.1 in our spelling. */
export const REVOCATION_REASONS = {
  unspecified: X509CrlReason.unspecified,
  'key-compromise': X509CrlReason.keyCompromise,
  superseded: X509CrlReason.superseded,
  'cessation-of-operation': X509CrlReason.cessationOfOperation,
  'privilege-withdrawn': X509CrlReason.privilegeWithdrawn,
} as const satisfies Readonly<Record<string, X509CrlReason>>
export type RevocationReason = keyof typeof REVOCATION_REASONS

/** A certificate that must not be trusted any more. */
export interface RevokedSerial {
  /** Lower-case hex. */
  readonly serial: string
  readonly reason: RevocationReason
  readonly revokedAt: Date
}

/** What a list says besides its entries. */
export interface RevocationListOrder {
  readonly nowMs: number
  readonly lifetimeSeconds: number
  readonly revoked: readonly RevokedSerial[]
}

/** Signs a list of revoked certificates (RFC 5280 §5), DER; its number is the time, so that it grows on every instance. */
export async function signRevocationList(
  authority: X509Certificate,
  signingKey: webcrypto.CryptoKey,
  { nowMs, lifetimeSeconds, revoked }: RevocationListOrder,
): Promise<Uint8Array<ArrayBuffer>> {
  const list = await X509CrlGenerator.create({
    issuer: authority.subjectName,
    thisUpdate: new Date(nowMs - BACKDATE_MS),
    nextUpdate: new Date(nowMs + lifetimeSeconds * 1000),
    signingAlgorithm: AUTHORITY_SIGNATURE,
    signingKey,
    entries: revoked.map(({ serial, reason, revokedAt }) => ({
      serialNumber: serial,
      revocationDate: revokedAt,
      // RFC 5280 §5.3.1: no reason is better than an unspecified one.
      ...(reason === 'unspecified' ? {} : { reason: REVOCATION_REASONS[reason] }),
    })),
    extensions: [
      await AuthorityKeyIdentifierExtension.create(authority.publicKey),
      new Extension(CRL_NUMBER_OID, false, derInteger(BigInt(nowMs))),
    ],
  })
  return new Uint8Array(list.rawData)
}

/** The DER of a number that is not negative. */
function derInteger(value: bigint): Uint8Array<ArrayBuffer> {
  const digits = value.toString(16)
  const content = Buffer.from(digits.padStart(digits.length + (digits.length % 2), '0'), 'hex')
  const positive = content.readUInt8(0) < 0x80 ? content : Buffer.concat([Buffer.of(0), content])
  return Uint8Array.of(DER_INTEGER, positive.length, ...positive)
}
