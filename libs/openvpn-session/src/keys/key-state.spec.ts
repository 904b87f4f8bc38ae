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
