import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { ENGINE_CIPHERS } from './engine.ts'
import { openEpochPacket, sealEpochPacket } from './epoch-reference.ts'
import { openPacket, sealPacket } from './reference.ts'
import { coalesce, MERGES } from './testing/coalescing-reference.ts'
import { CIPHER_LIBRARIES, DifferentialProgram, type ProgramKey } from './testing/differential-program.ts'
import { buildPackets, packetPlans } from './testing/generated-packets.ts'
import {
  GSO_NONE,
  GSO_TCP4,
  GSO_TCP6,
  GSO_UDP,
  NEEDS_CHECKSUM,
  segment,
  type VirtioHeader,
} from './testing/segmentation-reference.ts'
import { pseudoHeader, readTransportForm, sumOf, UDP } from './testing/transport-packet-reference.ts'

const BUILD_TIMEOUT_MS = 600_000
const TIMEOUT_MS = 120_000

let program: DifferentialProgram
beforeAll(() => {
  program = DifferentialProgram.create()
}, BUILD_TIMEOUT_MS)
afterAll(() => program[Symbol.asyncDispose]())

const anyHeader = fc.record({
  flags: fc.integer({ min: 0, max: 3 }),
  gsoType: fc.constantFrom(GSO_NONE, GSO_TCP4, GSO_TCP6, GSO_UDP, 3, 0x81),
  headerBytes: fc.integer({ min: 0, max: 0xffff }),
  segmentBytes: fc.integer({ min: 0, max: 2000 }),
  checksumStart: fc.integer({ min: 0, max: 60 }),
  checksumOffset: fc.integer({ min: 0, max: 20 }),
})

/** As the kernel hands over a super-packet: lengths of the whole, checksum open. */
function superPacket(packet: Buffer, segmentBytes: number): { header: VirtioHeader; packet: Buffer } | undefined {
  const form = readTransportForm(packet)
  if (form === undefined) return undefined
  const whole = Buffer.from(packet.subarray(0, form.bytes))
  const transportBytes = whole.length - form.transportOffset
  whole.writeUInt16BE(sumOf(pseudoHeader(whole, form, transportBytes)), form.checksumOffset)
  const header = {
    flags: NEEDS_CHECKSUM,
    gsoType: form.protocol === UDP ? GSO_UDP : form.ipv6 ? GSO_TCP6 : GSO_TCP4,
    headerBytes: form.payloadOffset,
    segmentBytes,
    checksumStart: form.transportOffset,
    checksumOffset: form.checksumOffset - form.transportOffset,
  }
  return { header, packet: whole }
}

const hexOf = (packets: readonly Uint8Array[]): string[] => packets.map((packet) => Buffer.from(packet).toString('hex'))

describe('the engine, compared with the reference', { timeout: TIMEOUT_MS }, () => {
  it('cuts every super-packet into the same packets', async () => {
    const plans = packetPlans(fc.integer({ min: 0, max: 20_000 }))
    let cut = 0
    await fc.assert(
      fc.asyncProperty(plans, fc.integer({ min: 1, max: 3000 }), async (plan, segmentBytes) => {
        const given = superPacket(buildPackets([plan])[0] ?? Buffer.alloc(0), segmentBytes)
        if (given === undefined) return
        const expected = segment(given.header, given.packet) ?? []
        cut += expected.length
        expect(hexOf(await program.split(given.header, given.packet))).toEqual(hexOf(expected))
      }),
      { numRuns: 1000 },
    )
    expect(cut).toBeGreaterThan(2000)
  })

  it('refuses the same pairs of header and packet', async () => {
    const packets = fc.oneof(
      packetPlans(fc.integer({ min: 0, max: 200 })).map((plan) => buildPackets([plan])[0] ?? Buffer.alloc(0)),
      fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes)),
    )
    await fc.assert(
      fc.asyncProperty(anyHeader, packets, async (header, packet) => {
        const expected = segment(header, packet) ?? []
        expect(hexOf(await program.split(header, packet))).toEqual(hexOf(expected))
      }),
      { numRuns: 3000 },
    )
  })

  it('merges the same packets of a batch, into the same bytes', async () => {
    const sizes = fc.oneof(fc.constantFrom(100, 100, 100, 60, 0), fc.integer({ min: 0, max: 1400 }))
    const batches = fc.array(packetPlans(sizes), { minLength: 1, maxLength: 70, size: 'max' })
    let merged = 0
    await fc.assert(
      fc.asyncProperty(batches, fc.constantFrom(...MERGES), async (plans, merge) => {
        const packets = buildPackets(plans)
        const expected = coalesce(packets, merge)
        merged += packets.length - expected.length
        expect(await program.coalesce(merge, packets)).toEqual(expected)
      }),
      { numRuns: 1500 },
    )
    expect(merged).toBeGreaterThan(1500)
  })

  it('keeps a super-packet below 64 KiB, and at 64 datagrams', async () => {
    for (const [flow, bytes] of [
      [0, 1400],
      [1, 1400],
      [2, 100],
    ] as const) {
      const [plan] = fc.sample(packetPlans(fc.constant(bytes)), { numRuns: 1, seed: 1 })
      if (plan === undefined) throw new Error('fast-check gave nothing')
      const usual = { flags: 0x10, fragment: 0x4000, sequence: undefined, identification: undefined }
      const packets = buildPackets(
        Array.from({ length: 130 }, () => ({ ...plan, ...usual, flow, damage: undefined, padding: 0 })),
      )
      const items = await program.coalesce('segments-and-datagrams', packets)
      expect(items).toEqual(coalesce(packets, 'segments-and-datagrams'))
      expect(items.length).toBe(3)
    }
  })

  const keys: fc.Arbitrary<ProgramKey> = fc
    .record({
      cipher: fc.constantFrom(...ENGINE_CIPHERS),
      library: fc.constantFrom(...CIPHER_LIBRARIES),
      epoch: fc.boolean(),
      lzoByte: fc.boolean(),
      keyId: fc.integer({ min: 0, max: 7 }),
      peerId: fc.integer({ min: 0, max: 0xfffffe }),
      secret: fc.uint8Array({ minLength: 32, maxLength: 32 }),
      iv: fc.uint8Array({ minLength: 8, maxLength: 8 }),
    })
    .map(({ secret, iv, ...key }) => ({
      ...key,
      key: key.cipher === 'AES-128-GCM' && !key.epoch ? secret.subarray(0, 16) : secret,
      iv: key.epoch ? new Uint8Array(0) : iv,
    }))
  const texts = fc.array(fc.uint8Array({ minLength: 1, maxLength: 1600, size: 'max' }), { minLength: 1, maxLength: 8 })

  it('seals the same packets', async () => {
    await fc.assert(
      fc.asyncProperty(keys, texts, async (key, plaintexts) => {
        const expected = plaintexts.map((text, index) => sealed(key, index + 1, text))
        expect(hexOf(await program.seal(key, plaintexts))).toEqual(hexOf(expected))
      }),
      { numRuns: 300 },
    )
  })

  it('opens the same packets, whole or changed', async () => {
    const changes = fc.option(fc.record({ at: fc.nat({ max: 2000 }), mask: fc.integer({ min: 1, max: 255 }) }))
    await fc.assert(
      fc.asyncProperty(keys, fc.array(fc.tuple(texts, changes), { minLength: 1, maxLength: 4 }), async (key, plan) => {
        const packets = plan.map(([[text], change], index) => {
          const packet = sealed(key, index + 1, text ?? new Uint8Array(1))
          if (change === null) return packet
          const at = change.at % packet.length
          packet.writeUInt8(packet.readUInt8(at) ^ change.mask, at)
          return packet
        })
        const opened = await program.open({ ...key, lzoByte: false }, packets)
        // The header, which carries opcode and peer-id, is the engine's caller's to judge, but is authenticated.
        expect(opened).toEqual(packets.map((packet) => openedByReference(key, packet)))
      }),
      { numRuns: 300 },
    )
  })
})

const NOT_COMPRESSED = Buffer.from([0xfa])

function sealed({ cipher, epoch, lzoByte, keyId, peerId, key, iv }: ProgramKey, id: number, text: Uint8Array): Buffer {
  const plaintext = lzoByte ? Buffer.concat([NOT_COMPRESSED, text]) : text
  const packet = epoch
    ? sealEpochPacket({ cipher, secret: key }, { peerId, keyId, epoch: 1, counter: id }, plaintext)
    : sealPacket({ cipher, key, implicitIv: iv }, { peerId, keyId, packetId: id }, plaintext)
  return Buffer.from(packet)
}

function openedByReference({ cipher, epoch, key, iv }: ProgramKey, packet: Buffer): Buffer | undefined {
  const opened = epoch
    ? openEpochPacket({ cipher, secret: key }, packet)
    : openPacket({ cipher, key, implicitIv: iv }, packet)
  return opened === undefined ? undefined : Buffer.from(opened.text)
}
