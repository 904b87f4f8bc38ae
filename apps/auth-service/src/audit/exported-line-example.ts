import { type AuditLine, chainHash, detailsDigest, formatAuditLine, START_OF_CHAIN } from '@sallyport/audit-chain'

const DETAILS = '{"name":"laptop"}'
const WITHOUT_HASH: Omit<AuditLine, 'hash'> = {
  sequence: 1,
  previousHash: START_OF_CHAIN.hash,
  tenantId: '2c1f3a60-7d0e-4b8e-9a51-5f0d9c6e4b12',
  eventId: '8d0f6d5e-4a52-4c59-9a3b-6d1f0c2b7e11',
  at: '2026-03-01T09:30:00.000Z',
  actor: 'user:b7a4e9d2-1c35-4f60-8e7a-93d0c2f51a68',
  action: 'device.create',
  target: 'device:4e6c2b18-90fd-4a37-b1c5-7d8e3f2a6094',
  outcome: 'ok',
  userId: 'b7a4e9d2-1c35-4f60-8e7a-93d0c2f51a68',
  details: DETAILS,
  detailsSha256: detailsDigest(DETAILS),
}

/** An export of one line, as a program would verify it. */
export const EXPORTED_LINE = `${formatAuditLine({ ...WITHOUT_HASH, hash: chainHash(WITHOUT_HASH) })}\n`
