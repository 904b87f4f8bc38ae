import { errorCode } from '@sallyport/foundation'
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'

import { type CipherLibrary, ENGINE_CIPHERS, type EngineOptions } from './engine.ts'
import { createPacketEngine } from './native-engine.ts'
import { echoRequest } from './testing/inner-packet.ts'
import { addNetwork, engineKey, EngineUnderTest, randomKeyPair, ReferenceClient } from './testing/tunnel.ts'

const NO_HANDLERS = { onControl: vi.fn(), onEvent: vi.fn(), onForeignStream: vi.fn(), onFatal: vi.fn() }
const LIBRARIES: readonly CipherLibrary[] = ['openssl', 'ipsec-mb']
const PEER = 7
const NETWORK = 3

async function usedBy(options?: EngineOptions): Promise<CipherLibrary> {
  await using engine = createPacketEngine(NO_HANDLERS, options)
  return engine.capabilities().cipherLibrary
}

/** `undefined` when an engine with the library can be made, else the code of the refusal. */
async function refusal(cipherLibrary: CipherLibrary): Promise<string | undefined> {
  try {
    await using _ = createPacketEngine(NO_HANDLERS, { cipherLibrary })
    return undefined
  } catch (error) {
    return errorCode(error)
  }
}

const missing = (await refusal('ipsec-mb')) !== undefined

describe('the choice of a cipher library', () => {
  it('is OpenSSL when that is asked for', async () => {
    expect(await usedBy({ cipherLibrary: 'openssl' })).toBe('openssl')
  })

  it('is the leanest that there is when none is asked for', async () => {
    const leanest = missing ? 'openssl' : 'ipsec-mb'
    expect(await usedBy()).toBe(leanest)
    expect(await usedBy({ cipherLibrary: 'auto' })).toBe(leanest)
  })

  it('never is another than was asked for', async () => {
    if (missing) expect(await refusal('ipsec-mb')).toBe('cipher-library-missing')
    else expect(await usedBy({ cipherLibrary: 'ipsec-mb' })).toBe('ipsec-mb')
  })
})

describe.each(LIBRARIES)('an engine with %s', (cipherLibrary) => {
  it.skipIf(cipherLibrary === 'ipsec-mb' && missing)(
    'opens what the reference seals, and seals what it opens',
    { timeout: 20_000 },
    async () => {
      await using test = new EngineUnderTest('127.0.0.1', { cipherLibrary })
      await using client = await ReferenceClient.create(test.local)
      await using _ = await addNetwork(test.engine, NETWORK, `spe-${cipherLibrary}`)
      const path = test.pathTo(client.endPoint)
      test.engine.addPeer({ peerId: PEER, network: NETWORK, path, ipv4: '10.8.0.2', ipv6: undefined })
      for (const cipher of ENGINE_CIPHERS) {
        const pair = randomKeyPair(cipher, 0)
        test.engine.setKey(engineKey(pair, PEER, 'primary'))
        await fc.assert(
          fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 1400 }), async (payload) => {
            await client.send(pair, PEER, echoRequest('10.8.0.2', '10.8.0.1', payload))
            const [reply] = await vi.waitUntil(
              () => {
                const replies = client.takeEchoReplies(pair)
                return replies.length > 0 && replies
              },
              { timeout: 5000, interval: 1 },
            )
            expect(reply).toEqual(Buffer.from(payload))
          }),
          { numRuns: 40 },
        )
      }
      expect(test.engine.counters()).toMatchObject({ dropBadTag: 0n })
    },
  )
})
