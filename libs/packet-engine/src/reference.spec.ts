import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { ENGINE_CIPHERS } from './engine.ts'
import { openPacket, type ReferenceKey, sealBehind, sealPacket } from './reference.ts'

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex')

const PING = hex('2a187bf3641eb4cb07ed2d0a981fc748')
const CLIENT = {
  key: hex('079cd169033e6b666bc8939b340644fd889f83ba6ba431520ee44ab8b5563500'),
  implicitIv: hex('aa80a72652cde4cf'),
}
const SERVER = {
  key: hex('49f5567d1dfee8187032779a886cd0f8918776fd1cbf4d7d05b781fd2029a87c'),
  implicitIv: hex('5a761ef55b4d7cc6'),
}

describe('reference packets', () => {
  it('seals the packet of OpenVPN’s own data channel test', () => {
    // key2[i] = pattern[i mod 32] xor i; both directions use the first cipher key and the first HMAC key as IV.
    const pattern = Buffer.from('abcdefgh01234567ABCDEFGHjkuchenl')
    const key2 = Uint8Array.from({ length: 256 }, (_, index) => (pattern[index % 32] ?? 0) ^ index)
    const key: ReferenceKey = { cipher: 'AES-256-GCM', key: key2.subarray(0, 32), implicitIv: key2.subarray(64, 72) }
    const text = Buffer.from('The quick little fox jumps over the bureaucratic hurdles')
    expect(Buffer.from(sealBehind(key, hex('07000017 00000001'), text)).toString('hex')).toBe(
      '0700001700000001' +
        '1fdd908f0e9dc25e79d832020d58e73f' +
        '2262f977d6bb2118fa0ea82e6b1706d949aefcb5efcbbacd5c09a9ab45f4d391' +
        'd3f68794cb0b82c3d33389b61622b3281598e2ff6d5cc38b',
    )
  })

  it.each([
    ['AES-256-GCM', CLIENT, '4800000500000001ce9597e8064e6b5d050f4c0982cf4ed048bd98d8a508dcf675cdefed95b04c35'],
    ['AES-256-GCM', SERVER, '48000005000000016f95e4869b697cf7bb3396e092d028091f577b625c7a07cd3987f70e1f963fab'],
    ['CHACHA20-POLY1305', CLIENT, '4800000500000001484a58b7c130d650e71b789524a86306de9893d3603676e40a07d2eea076fd06'],
  ] as const)('seals a known ping with %s', (cipher, material, expected) => {
    const packet = sealPacket({ cipher, ...material }, { peerId: 5, keyId: 0, packetId: 1 }, PING)
    expect(Buffer.from(packet).toString('hex')).toBe(expected)
  })

  it('gives nothing for a packet that is short, foreign or changed in any byte', () => {
    const key: ReferenceKey = { cipher: 'AES-256-GCM', ...CLIENT }
    const packet = sealPacket(key, { peerId: 5, keyId: 0, packetId: 1 }, PING)
    expect(openPacket(key, packet.subarray(0, 24))).toBeUndefined()
    expect(openPacket({ ...key, key: SERVER.key }, packet)).toBeUndefined()
    for (const index of packet.keys()) {
      const changed = Buffer.from(packet)
      changed.writeUInt8(changed.readUInt8(index) ^ 1, index)
      expect(openPacket(key, changed)).toBeUndefined()
    }
  })

  it('opens what it sealed', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...ENGINE_CIPHERS),
        fc.integer({ min: 0, max: 0xfffffe }),
        fc.integer({ min: 0, max: 7 }),
        fc.integer({ min: 1, max: 0xffffffff }),
        fc.uint8Array({ minLength: 1, maxLength: 1600 }),
        (cipher, peerId, keyId, packetId, text) => {
          const material = cipher === 'AES-128-GCM' ? { ...CLIENT, key: CLIENT.key.subarray(0, 16) } : CLIENT
          const key = { cipher, ...material }
          const header = { peerId, keyId, packetId }
          const opened = openPacket(key, sealPacket(key, header, text))
          expect(opened).toMatchObject(header)
          expect(Buffer.compare(opened?.text ?? Buffer.alloc(0), text)).toBe(0)
        },
      ),
    )
  })
})
