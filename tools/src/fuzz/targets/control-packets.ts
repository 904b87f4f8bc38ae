import { concatBytes } from '@sallyport/foundation'
import {
  CONTROL_HEADER_BYTES,
  createClientKey,
  encodeMetadata,
  MAX_ACKS,
  nodeCryptoSuite,
  OPCODE,
  parseControlBody,
  parseControlHeader,
  parseDataHeader,
  parseResendWkc,
  serialiseControlBody,
  serialiseControlHeader,
  serialiseDataHeader,
  serialiseResendWkc,
  splitWrappedKey,
  toSessionId,
  unwrapClientKey,
} from '@sallyport/openvpn-wire'

import { expectThat, type FuzzTarget } from '../fuzz-target.ts'

const SERVER_KEY = new Uint8Array(128).map((_, index) => index)
const METADATA = {
  tenantId: '11111111-2222-4333-8444-555555555555',
  deviceId: 'aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee',
}
const SESSION_ID = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)

/** A control packet whose wrapping is off: head and body as they stand in the packet. */
const controlPacket: FuzzTarget = {
  name: 'control-packet',
  maxBytes: 2048,
  seeds: () => {
    const remoteSessionId = toSessionId(SESSION_ID)
    const head = (opcode: (typeof OPCODE)[keyof typeof OPCODE]): Uint8Array =>
      concatBytes([Uint8Array.of(opcode << 3), SESSION_ID])
    const acked = { remoteSessionId, payload: Uint8Array.of(0x16, 3, 1) }
    return [
      concatBytes([head(OPCODE.hardResetClientV2), Uint8Array.of(0, 0, 0, 0, 0)]),
      concatBytes([head(OPCODE.control), serialiseControlBody({ acks: [0], messageId: 1, ...acked })]),
      concatBytes([head(OPCODE.ack), serialiseControlBody({ acks: [0, 1, 2], messageId: undefined, ...acked })]),
    ]
  },
  run: (input) => {
    const header = parseControlHeader(input)
    if (header === undefined) return
    expectThat(
      sameBytes(serialiseControlHeader(header), input.subarray(0, CONTROL_HEADER_BYTES)),
      'heads keep their bytes',
    )
    const rest = input.subarray(CONTROL_HEADER_BYTES)
    const body = parseControlBody(header.opcode, rest)
    if (body === undefined) return
    expectThat(body.acks.length <= MAX_ACKS, 'at most eight acks')
    expectThat(body.acks.length > 0 === (body.remoteSessionId !== undefined), 'a session id goes with acks')
    if (body.messageId !== undefined) expectThat(sameBytes(serialiseControlBody(body), rest), 'bodies keep their bytes')
  },
}

const wrappedKey: FuzzTarget = {
  name: 'wrapped-key',
  maxBytes: 2048,
  seeds: () => {
    const suite = { ...nodeCryptoSuite, randomBytes: (length: number) => new Uint8Array(length).fill(7) }
    const key = createClientKey(suite, SERVER_KEY, encodeMetadata(METADATA))
    return [key.wrappedKey, concatBytes([new Uint8Array(60), key.wrappedKey])]
  },
  run: (input) => {
    const split = splitWrappedKey(input, 0)
    if (split === undefined) return
    expectThat(split.packet.length + split.wrappedKey.length === input.length, 'nothing is lost between packet and key')
    unwrapClientKey(nodeCryptoSuite, SERVER_KEY, split.wrappedKey)
  },
}

const resendWkc: FuzzTarget = {
  name: 'early-negotiation',
  maxBytes: 256,
  seeds: () => [serialiseResendWkc()],
  run: (input) => {
    parseResendWkc(input)
  },
}

const dataHeader: FuzzTarget = {
  name: 'data-header',
  maxBytes: 64,
  seeds: () => [Uint8Array.of(0x48, 0, 0, 5, 0, 0, 0, 1)],
  run: (input) => {
    const header = parseDataHeader(input)
    if (header === undefined) return
    const head = serialiseDataHeader(header)
    expectThat(sameBytes(head, input.subarray(0, head.length)), 'heads keep their bytes')
  },
}

/** Targets of what stands in a packet before anybody is known. */
export const controlPacketTargets = [controlPacket, wrappedKey, resendWkc, dataHeader]

function sameBytes(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index])
}
