import {
  nodeCryptoSuite as suite,
  OPCODE,
  parseClientKeyFile,
  serialiseControlBody,
  serialiseControlHeader,
  toSessionId,
} from '@sallyport/openvpn-wire'

/** Where clients that can send their wrapped key twice begin to count their packets. */
const EARLY_NEGOTIATION_ID = 0x0f000001
const KEY_PART_BYTES = 64
const KEY_BYTES = 32
const CIPHER_PART = 2
const COUNTER_BLOCK_BYTES = 16

/**
 * Makes first packets of a profile that a node cannot tell from those of a client, each with a session id of its own: what
 * somebody who has stolen a profile can flood with.
 */
export function validFirstPackets(profile: string, count: number): readonly [Buffer, ...Buffer[]] {
  const [, keyFile = ''] = /<tls-crypt-v2>\n([^]*?)<\/tls-crypt-v2>/.exec(profile) ?? []
  const clientKey = parseClientKeyFile(keyFile)
  if (clientKey === undefined) throw new TypeError('the profile has no key for tls-crypt-v2')
  const { key, wrappedKey } = clientKey
  const part = (index: number): Uint8Array => key.subarray(index * KEY_PART_BYTES, index * KEY_PART_BYTES + KEY_BYTES)
  const body = serialiseControlBody({
    acks: [],
    remoteSessionId: undefined,
    messageId: 0,
    payload: new Uint8Array(0),
  })
  const make = (): Buffer => {
    const sessionId = toSessionId(suite.randomBytes(8))
    if (sessionId === undefined) return make()
    const replay = Buffer.alloc(8)
    replay.writeUInt32BE(EARLY_NEGOTIATION_ID, 0)
    replay.writeUInt32BE(Math.floor(Date.now() / 1000), 4)
    const header = serialiseControlHeader({ opcode: OPCODE.hardResetClientV3, keyId: 0, sessionId })
    const clear = Buffer.concat([header, replay])
    const tag = suite.hmacSha256(part(CIPHER_PART + 1), [clear, body])
    const ciphertext = suite.aes256Ctr(part(CIPHER_PART), tag.subarray(0, COUNTER_BLOCK_BYTES), body)
    return Buffer.concat([clear, tag, ciphertext, wrappedKey])
  }
  return [make(), ...Array.from({ length: count - 1 }, make)]
}
