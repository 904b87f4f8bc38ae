import {
  assemblePushReply,
  parseControlMessages,
  parsePushReply,
  serialiseControlMessage,
} from '@sallyport/openvpn-wire'

import { expectThat, type FuzzTarget } from '../fuzz-target.ts'

const controlMessages: FuzzTarget = {
  name: 'control-messages',
  maxBytes: 5000,
  seeds: () => ['PUSH_REQUEST', 'EXIT', 'CR_RESPONSE,MTIzNDU2'].map(serialiseControlMessage),
  run: (input) => {
    for (const message of parseControlMessages(input) ?? []) {
      expectThat(!message.includes('\0'), 'a message ends at its first zero byte')
    }
  },
}

const pushReply: FuzzTarget = {
  name: 'push-reply',
  maxBytes: 4096,
  seeds: () => [
    new TextEncoder().encode('PUSH_REPLY,topology subnet,ifconfig 10.8.0.2 255.255.255.0,peer-id 3,cipher AES-256-GCM'),
    new TextEncoder().encode(
      'PUSH_REPLY,route 10.0.0.0 255.0.0.0,push-continuation 2\nPUSH_REPLY,ping 10,push-continuation 1',
    ),
  ],
  run: (input) => {
    const options = parsePushReply(new TextDecoder().decode(input).split('\n'))
    for (const message of assemblePushReply(options ?? []) ?? []) {
      expectThat(message.length < 1024, 'a message fits the clients that have the least room')
    }
  },
}

/** Targets of the texts that are exchanged in TLS. */
export const controlMessageTargets = [controlMessages, pushReply]
