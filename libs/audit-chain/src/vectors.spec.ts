import { readVectors } from '@sallyport/testkit'
import { expect, it } from 'vitest'

import { formatAuditLine, parseAuditLine } from './audit-line.ts'
import { canonicalText, chainHash } from './chain-hash.ts'
import { readAuditLines } from './read-lines.ts'
import { verifyChain } from './verify-chain.ts'

const cases = [...readVectors('audit-chain')]

it.each(cases)('computes what another program does: %s', (_, vector) => {
  const line = parseAuditLine(vector.text('line'))
  if (line === undefined) throw new Error('the line cannot be read')
  expect(canonicalText(line)).toBe(vector.text('canonicalText'))
  expect(chainHash(line)).toBe(vector.text('hash'))
  expect(line.hash).toBe(vector.text('hash'))
  expect(formatAuditLine(line)).toBe(vector.text('line'))
})

it('verifies the cases as one log', async () => {
  const file = cases.map(([, vector]) => `${vector.text('line')}\n`).join('')
  const chunks = (async function* () {
    yield await Promise.resolve(Buffer.from(file))
  })()
  expect(await verifyChain(readAuditLines(chunks))).toMatchObject({ ok: true, count: cases.length })
})
