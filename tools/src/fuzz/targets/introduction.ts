import {
  mirrorOptionsString,
  negotiateCipher,
  optionsStringCipher,
  parseClientKeyMethod2,
  parseCredential,
  parsePeerInfo,
  parseServerKeyMethod2,
  serialiseClientKeyMethod2,
  serialisePeerInfo,
  serialiseServerKeyMethod2,
} from '@sallyport/openvpn-wire'

import { expectThat, type FuzzTarget } from '../fuzz-target.ts'

const OPTIONS = 'V4,dev-type tun,link-mtu 1549,tun-mtu 1500,proto UDPv4,auth SHA1,keysize 128,key-method 2,tls-client'
const PEER_INFO = 'IV_VER=2.6.14\nIV_PLAT=linux\nIV_NCP=2\nIV_CIPHERS=AES-256-GCM:AES-128-GCM\nIV_PROTO=990\n'

const clientKeyMethod: FuzzTarget = {
  name: 'client-key-method',
  maxBytes: 9000,
  seeds: () => [
    serialiseClientKeyMethod2({
      preMaster: new Uint8Array(48).fill(1),
      random1: new Uint8Array(32).fill(2),
      random2: new Uint8Array(32).fill(3),
      options: OPTIONS,
      username: 'ada',
      password: 'SCRV1:c2VjcmV0:MTIzNDU2',
      peerInfo: PEER_INFO,
    }),
  ],
  run: (input) => {
    const result = parseClientKeyMethod2(input)
    if (result.type !== 'message') return
    expectThat(result.length <= input.length, 'a message is within its bytes')
    const again = parseClientKeyMethod2(serialiseClientKeyMethod2(result.message))
    expectThat(
      again.type === 'message' && JSON.stringify(again.message) === JSON.stringify(result.message),
      'it is read again as it was',
    )
  },
}

const serverKeyMethod: FuzzTarget = {
  name: 'server-key-method',
  maxBytes: 9000,
  seeds: () => [
    serialiseServerKeyMethod2({
      random1: new Uint8Array(32).fill(2),
      random2: new Uint8Array(32).fill(3),
      options: OPTIONS,
    }),
  ],
  run: (input) => {
    const result = parseServerKeyMethod2(input)
    if (result.type === 'message') expectThat(result.length <= input.length, 'a message is within its bytes')
  },
}

const peerInfo: FuzzTarget = {
  name: 'peer-info',
  maxBytes: 4096,
  seeds: () => texts(PEER_INFO, 'IV_SSO=webauth,openurl,crtext\nUV_ID=7\n', 'IV_PROTO=99999999999\n'),
  run: (input) => {
    const info = parsePeerInfo(textOf(input))
    expectThat(info.size <= 64, 'at most 64 lines')
    const again = parsePeerInfo(serialisePeerInfo(info))
    expectThat(JSON.stringify([...again]) === JSON.stringify([...info]), 'it is read again as it was')
    negotiateCipher(info, undefined)
  },
}

const optionsString: FuzzTarget = {
  name: 'options-string',
  maxBytes: 1024,
  seeds: () => texts(OPTIONS, 'V4,dev-type tun,comp-lzo,keydir 1,cipher BF-CBC,auth SHA1,tls-auth,tls-client'),
  run: (input) => {
    const text = textOf(input)
    optionsStringCipher(text)
    mirrorOptionsString(text)
  },
}

const credentials: FuzzTarget = {
  name: 'credentials',
  maxBytes: 3000,
  seeds: () => texts('secret', 'SCRV1:c2VjcmV0:MTIzNDU2', `SESS_ID_AT_${'A'.repeat(80)}`, 'CRV1::state::123456'),
  run: (input) => {
    const parsed = parseCredential(textOf(input))
    if (parsed.kind === 'session-token') expectThat(parsed.token.length <= 127, 'tokens have at most 127 characters')
  },
}

/** Targets of what a client says about itself before it is authenticated. */
export const introductionTargets = [clientKeyMethod, serverKeyMethod, peerInfo, optionsString, credentials]

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes)
}

function texts(...lines: readonly string[]): readonly Uint8Array[] {
  return lines.map((line) => new TextEncoder().encode(line))
}
