import fc from 'fast-check'
import { expect, it } from 'vitest'

import type { AuditLine } from './audit-line.ts'
import { type AuditHead, chainHash, detailsDigest, START_OF_CHAIN } from './chain-hash.ts'
import { verifyChain, type VerifyOptions } from './verify-chain.ts'

const TENANT = '11111111-1111-4111-8111-111111111111'
const OTHER = '22222222-2222-4222-8222-222222222222'

type Content = Pick<AuditLine, 'eventId' | 'at' | 'actor' | 'action' | 'target' | 'outcome' | 'userId' | 'details'>

const text = fc.string({ unit: 'grapheme', maxLength: 12 })
const content: fc.Arbitrary<Content> = fc.record({
  eventId: fc.uuid(),
  at: fc
    .date({ min: new Date('1960-01-01'), max: new Date('2200-01-01'), noInvalidDate: true })
    .map((at) => at.toISOString()),
  actor: text,
  action: text,
  target: fc.option(text),
  outcome: text,
  userId: fc.option(fc.uuid()),
  details: fc.option(fc.json()),
})
const contents = fc.uniqueArray(content, { minLength: 1, maxLength: 8, selector: ({ eventId }) => eventId })

function chainOf(contents: readonly Content[], tenantId = TENANT): AuditLine[] {
  let head = START_OF_CHAIN
  return contents.map((content) => {
    const detailsSha256 = content.details === null ? null : detailsDigest(content.details)
    const unhashed = { ...content, tenantId, detailsSha256, sequence: head.sequence + 1, previousHash: head.hash }
    const line = { ...unhashed, hash: chainHash(unhashed) }
    head = line
    return line
  })
}

function headOf(lines: readonly AuditLine[]): AuditHead {
  const last = lines.at(-1) ?? START_OF_CHAIN
  return { sequence: last.sequence, hash: last.hash }
}

async function* streamed<Line>(lines: readonly Line[]): AsyncGenerator<Line> {
  for (const line of lines) yield await Promise.resolve(line)
}

const verify = (lines: readonly AuditLine[], options?: VerifyOptions) => verifyChain(streamed(lines), options)

const SHAPE = { eventId: OTHER, at: '2026-11-25T10:00:00.000Z', actor: 'operator', target: null, userId: null }
const plain = (action: string): Content => ({ ...SHAPE, action, outcome: 'ok', details: '{"n":1}' })
const FOUR = chainOf(['a', 'b', 'c', 'd'].map(plain))

it('finds a chain good as it was written, and names its head', async () => {
  const check = async (contents: readonly Content[]) => {
    const lines = chainOf(contents)
    expect(await verify(lines)).toEqual({ ok: true, count: lines.length, head: headOf(lines) })
  }
  await fc.assert(fc.asyncProperty(contents, check))
})

it('finds any change of any field of any line', async () => {
  const fields = ['sequence', 'hash', 'previousHash', 'tenantId', 'eventId', 'at', 'actor', 'action'] as const
  const more = ['target', 'outcome', 'userId', 'details', 'detailsSha256'] as const
  const field = fc.constantFrom(...fields, ...more)
  const check = async (contents: readonly Content[], which: number, field: keyof AuditLine, other: Content) => {
    const lines = chainOf(contents)
    const at = which % lines.length
    const line = lines[at]
    if (line === undefined) return
    const changes: Readonly<Record<keyof AuditLine, unknown>> = {
      ...other,
      sequence: line.sequence + 1,
      hash: chainHash({ ...line, actor: `${line.actor}x` }),
      previousHash: chainHash({ ...line, actor: `${line.actor}y` }),
      tenantId: OTHER,
      detailsSha256: line.detailsSha256 === null ? detailsDigest('x') : null,
    }
    // Erasing details is the one change that is allowed.
    fc.pre(changes[field] !== line[field] && !(field === 'details' && changes[field] === null))
    const changed = lines.with(at, { ...line, [field]: changes[field] })
    expect(await verify(changed, { anchor: headOf(lines) })).toMatchObject({ ok: false })
  }
  await fc.assert(fc.asyncProperty(contents, fc.nat(), field, content, check), { numRuns: 500 })
})

it('finds every line that was removed, moved, repeated or put in', async () => {
  const check = async (contents: readonly Content[], from: number, to: number, other: Content) => {
    const lines = chainOf(contents)
    const [one, two] = [from % lines.length, to % lines.length]
    const [first, second] = [lines[one], lines[two]]
    if (first === undefined || second === undefined) return
    const broken = { ok: false }
    const anchor = headOf(lines)
    expect(await verify(lines.toSpliced(one, 1), { anchor })).toMatchObject(broken)
    expect(await verify(lines.toSpliced(one, 0, second), { anchor })).toMatchObject(broken)
    if (one !== two) expect(await verify(lines.with(one, second).with(two, first), { anchor })).toMatchObject(broken)
    const before = lines[one - 1] ?? START_OF_CHAIN
    const [forged] = chainOf([other])
    if (forged === undefined) return
    const placed = { ...forged, sequence: before.sequence + 1, previousHash: before.hash }
    const inserted = lines.toSpliced(one, 0, { ...placed, hash: chainHash(placed) })
    expect(await verify(inserted, { anchor })).toMatchObject(broken)
  }
  await fc.assert(fc.asyncProperty(contents, fc.nat(), fc.nat(), content, check), { numRuns: 300 })
})

it('allows that details were erased as long as their digest is there', async () => {
  const check = async (contents: readonly Content[]) => {
    const lines = chainOf(contents)
    const erased = lines.map((line) => ({ ...line, details: null }))
    expect(await verify(erased)).toMatchObject({ ok: true, head: headOf(lines) })
  }
  await fc.assert(fc.asyncProperty(contents, check))
})

it('says what is wrong', async () => {
  const [one, two, three, four] = FOUR
  if (one === undefined || two === undefined || three === undefined || four === undefined) throw new Error('no lines')
  const why = async (lines: readonly AuditLine[], options?: VerifyOptions) => {
    const verdict = await verify(lines, options)
    return verdict.ok ? 'ok' : [verdict.sequence, verdict.why, verdict.count]
  }
  expect(await why([one, three])).toEqual([3, 'gap', 1])
  expect(await why([two, three])).toEqual([2, 'gap', 0])
  expect(await why([one, two, two])).toEqual([2, 'order', 2])
  expect(await why([one, { ...two, actor: 'user:1' }])).toEqual([2, 'hash', 1])
  expect(await why([one, { ...two, details: '{"n":2}' }])).toEqual([2, 'details', 1])
  expect(await why([one, { ...two, previousHash: '0'.repeat(64) }])).toEqual([2, 'link', 1])
  expect(await why([one, ...chainOf([plain('x'), plain('y')], OTHER).slice(1)])).toEqual([2, 'tenant', 1])
  const other = { ...three, action: 'rewritten' }
  expect(await why([one, two, { ...other, hash: chainHash(other) }, four])).toEqual([4, 'link', 3])
  expect(await why([one, two], { anchor: headOf(FOUR) })).toEqual([4, 'anchor', 2])
  expect(await why([], { anchor: headOf([one]) })).toEqual([1, 'anchor', 0])
  const rewritten = chainOf(['a', 'b', 'x', 'd'].map(plain))
  expect(await why(rewritten)).toBe('ok')
  expect(await why(rewritten, { anchor: headOf(FOUR) })).toEqual([4, 'anchor', 3])
  expect(await why(rewritten, { anchor: headOf([one, two]) })).toBe('ok')
})

it('goes on after a place that was verified before, and believes the first line when told to', async () => {
  const [one, two, ...rest] = FOUR
  if (one === undefined || two === undefined) throw new Error('no lines')
  const from = headOf([one, two])
  expect(await verify(rest, { from })).toEqual({ ok: true, count: 2, head: headOf(FOUR) })
  expect(await verify(rest, { from: { ...from, hash: one.hash } })).toMatchObject({ ok: false, why: 'link' })
  expect(await verify(rest, { from: headOf([one]) })).toMatchObject({ ok: false, why: 'gap' })
  expect(await verify(rest, { from: 'first-line' })).toMatchObject({ ok: true, count: 2 })
  expect(await verify(rest, { from: 'first-line', anchor: from })).toMatchObject({ ok: true })
  expect(await verify(rest, { from: 'first-line', anchor: headOf([one]) })).toMatchObject({ ok: false, why: 'anchor' })
  expect(await verify([], { from })).toEqual({ ok: true, count: 0, head: from })
  expect(await verify([])).toEqual({ ok: true, count: 0, head: START_OF_CHAIN })
})
