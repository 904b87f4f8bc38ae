import {
  nodeCryptoSuite as suite,
  parsePeerInfo,
  serialiseClientKeyMethod2,
  toSessionId,
} from '@sallyport/openvpn-wire'
import { expect, it } from 'vitest'

import { readAbilities } from '../client-abilities.ts'
import type { SessionTerms } from '../handshake/negotiate.ts'
import { OPTIONS_26, PEER_INFO_26 } from '../testing/scene.ts'
import { GOOD_PEER } from '../testing/test-server.ts'
import type { SessionIds } from './derive.ts'
import { KeyState } from './key-state.ts'

const TERMS: Omit<SessionTerms, 'keyDerivation'> = {
  abilities: readAbilities(parsePeerInfo(PEER_INFO_26)),
  cipher: 'AES-256-GCM',
  dataFormat: 'classic',
  dynamicTlsCrypt: false,
  framing: 'none',
  compressionOption: undefined,
}

function sessionIds(): SessionIds {
  const client = toSessionId(new Uint8Array(8).fill(1))
  const server = toSessionId(new Uint8Array(8).fill(2))
  if (client === undefined || server === undefined) throw new RangeError('a session id is not zero')
  return { client, server }
}

/** A key state whose client introduced itself and was answered. */
function introduced(): KeyState {
  const keyState = new KeyState(1, 0, 0)
  const [preMaster, random1, random2] = [suite.randomBytes(48), suite.randomBytes(32), suite.randomBytes(32)]
  const texts = { options: OPTIONS_26, username: 'ada', password: 'secret', peerInfo: PEER_INFO_26 }
  keyState.establish(GOOD_PEER, { dataKeys: suite.randomBytes(256), dynamicTlsCrypt: suite.randomBytes(256) })
  keyState.readPlaintext(serialiseClientKeyMethod2({ preMaster, random1, random2, ...texts }))
  keyState.answerKeyMethod(suite, OPTIONS_26)
  return keyState
}

it.each(['tls-exporter', 'prf'] as const)('derives no data keys from wiped secrets (%s)', (keyDerivation) => {
  const keyState = introduced()
  const terms = { ...TERMS, keyDerivation }
  expect(keyState.deriveDataKeys(suite, terms, sessionIds())).toBeDefined()
  keyState.wipe()
  expect(keyState.deriveDataKeys(suite, terms, sessionIds())).toBeUndefined()
})

it('leaves no copy of key method 2 where the plaintext came in', () => {
  const message = serialiseClientKeyMethod2({
    preMaster: suite.randomBytes(48),
    random1: suite.randomBytes(32),
    random2: suite.randomBytes(32),
    options: OPTIONS_26,
    username: 'alice',
    password: 'secret',
    peerInfo: PEER_INFO_26,
  })
  const keyState = new KeyState(0, 1, 0)
  keyState.establish(GOOD_PEER, { dataKeys: new Uint8Array(256), dynamicTlsCrypt: new Uint8Array(256) })
  const pieces = [Uint8Array.from(message.subarray(0, 100)), Uint8Array.from(message.subarray(100))]
  const results = pieces.map((piece) => keyState.readPlaintext(piece).type)
  expect(results).toEqual(['incomplete', 'introduction'])
  for (const piece of pieces) expect(piece.every((byte) => byte === 0)).toBe(true)
})
