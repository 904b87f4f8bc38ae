import { createHash } from 'node:crypto'

import type { AuditLine } from './audit-line.ts'

/** A place in the chain: keep one elsewhere, and nobody can shorten or rewrite what lies before it unseen. */
export interface AuditHead {
  readonly sequence: number
  /** Hash of the line at that place; 64 zeroes at 0, before the first line. */
  readonly hash: string
}

/** Where every chain begins. */
export const START_OF_CHAIN: AuditHead = Object.freeze({ sequence: 0, hash: '0'.repeat(64) })

/**
 * Writes the text whose SHA-256 is a line's hash: previous hash, sequence, tenant, event, milliseconds since 1970,
 * actor, action, target, outcome, user and digest of the details, each as its length in bytes of UTF-8, a colon and
 * itself, or a hyphen when there is none. The function `chain_audit_event` of the database writes the same.
 */
export function canonicalText(line: Omit<AuditLine, 'hash' | 'details'>): string {
  const { previousHash, sequence, tenantId, eventId, at, actor, action, target, outcome, userId, detailsSha256 } = line
  const place = [previousHash, String(sequence), tenantId, eventId, String(Date.parse(at))]
  return [...place, actor, action, target, outcome, userId, detailsSha256].map(fieldText).join('')
}

/** Gives the hash that a line must have: 64 lower-case hex digits. */
export function chainHash(line: Omit<AuditLine, 'hash' | 'details'>): string {
  return sha256(canonicalText(line))
}

/** Gives the digest that details must have. */
export function detailsDigest(details: string): string {
  return sha256(details)
}

function fieldText(value: string | null): string {
  return value === null ? '-' : `${String(Buffer.byteLength(value))}:${value}`
}

function sha256(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex')
}
