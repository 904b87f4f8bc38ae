import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { ENGINE_CIPHERS } from './engine.ts'
import {
  type EpochReferenceKey,
  expandLabel,
  openEpochPacket,
  sealEpochBehind,
  sealEpochPacket,
} from './epoch-reference.ts'

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex')

const PING = hex('2a187bf3641eb4cb07ed2d0a981fc748')
const CLIENT: EpochReferenceKey = {
  cipher: 'AES-256-GCM',
  secret: hex('079cd169033e6b666bc8939b340644fd889f83ba6ba431520ee44ab8b5563500'),
}
const HEADER = { peerId: 5, keyId: 0, epoch: 1, counter: 1 }

describe('reference packets of the epoch format', () => {
  it('expand labels as OpenVPN’s own test does', () => {
    const secret = hex('077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5')
    expect(expandLabel(secret, 'unit test', 16).toString('hex')).toBe('185eaa1c7f228ab8eb29773214d92046')
    const epoch = Buffer.concat([hex('130c'), Buffer.alloc(30)])
    expect(expandLabel(epoch, 'data_key', 24).toString('hex')).toBe('ed8533db1c28ace418e9006ab29c17417d60ebe6cd90bf0a')
    expect(expandLabel(epoch, 'data_iv', 12).toString('hex')).toBe('86890aabf032cb59f4cfa34e')
  })

  it('are those of OpenVPN’s own data channel test', () => {
    const pattern = Buffer.from('abcdefgh01234567ABCDEFGHjkuchenl')
    const secret = Uint8Array.from(pattern, (byte, index) => byte ^ index)
    const text = Buffer.from('The quick little fox jumps over the bureaucratic hurdles')
    const packet = sealEpochBehind({ cipher: 'AES-256-GCM', secret }, hex('07000017 0004000000000001'), text)
    expect(Buffer.from(packet).toString('hex')).toBe(
      '070000170004000000000001' +
        '6eacea349ca836aab4d49ce685399a9bab964526e9cd11ece8cb7d77bdbc5c6ac4f49f36ea02e9c1' +
        'f5d97644afa9118ba9f9a892623f1a13' +
        '0ffff5913d39d75b18573b5748589a7d',
    )
  })

  it.each([
    [1, '48000005000100000000000180465c518e5f8b6642a0b8111f72ff19ed4a237a197b7ccfbfd66a9c575f5ed5'],
    [2, '480000050002000000000001153859f5ef88c2a66583cf6af6cd803e515999a11a687425f5ffc6881b04bc0b'],
  ])('are the known pings of epoch %d', (epoch, expected) => {
    expect(Buffer.from(sealEpochPacket(CLIENT, { ...HEADER, epoch }, PING)).toString('hex')).toBe(expected)
  })

  it('give nothing when they are short, of epoch 0, or changed in any byte', () => {
    const packet = sealEpochPacket(CLIENT, HEADER, PING)
    expect(openEpochPacket(CLIENT, packet.subarray(0, 28))).toBeUndefined()
    expect(openEpochPacket(CLIENT, sealEpochPacket(CLIENT, { ...HEADER, epoch: 0 }, PING))).toBeUndefined()
    for (const index of packet.keys()) {
      const changed = Buffer.from(packet)
      changed.writeUInt8(changed.readUInt8(index) ^ 1, index)
      expect(openEpochPacket(CLIENT, changed)).toBeUndefined()
    }
  })

  it('open to what was sealed', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...ENGINE_CIPHERS),
        fc.record({
          peerId: fc.integer({ min: 0, max: 0xfffffe }),
          keyId: fc.integer({ min: 0, max: 7 }),
          epoch: fc.integer({ min: 1, max: 40 }),
          counter: fc.integer({ min: 1, max: 2 ** 48 - 1 }),
        }),
        fc.uint8Array({ minLength: 1, maxLength: 1600 }),
        (cipher, header, text) => {
          const key = { ...CLIENT, cipher }
          const opened = openEpochPacket(key, sealEpochPacket(key, header, text))
          expect(opened).toMatchObject(header)
          expect(Buffer.compare(opened?.text ?? Buffer.alloc(0), text)).toBe(0)
        },
      ),
    )
  })
})
