export { type AuditLine, formatAuditLine, parseAuditLine, type UnreadableLine } from './audit-line.ts'
export { type AuditHead, canonicalText, chainHash, detailsDigest, START_OF_CHAIN } from './chain-hash.ts'
export { readAuditLines } from './read-lines.ts'
export { type ChainBreak, type ChainVerdict, verifyChain, type VerifyOptions } from './verify-chain.ts'
