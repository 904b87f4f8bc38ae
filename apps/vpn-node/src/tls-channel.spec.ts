import { Duplex } from 'node:stream'
import { connect, type TLSSocket } from 'node:tls'

import type { TlsKeyMaterial, TlsPeer } from '@sallyport/openvpn-session'
import { type IssuedPair, ThrowawayCa } from '@sallyport/testkit'
import { beforeAll, expect, it } from 'vitest'

import { TlsAcceptor, type TlsChannel } from './tls-channel.ts'

declare module 'node:tls' {
  interface TLSSocket {
    // The typings demand a context; OpenVPN uses none, and with TLS 1.2 an empty one gives other bytes.
    exportKeyingMaterial(length: number, label: string): Buffer
  }
}

const DAY_MS = 86_400_000
let ca: ThrowawayCa
let acceptor: TlsAcceptor

beforeAll(async () => {
  ca = await ThrowawayCa.create('tenant CA')
  const server = await ca.issue({ commonName: 'vpn.example', usages: ['server'] })
  acceptor = new TlsAcceptor({ ...server, tenantCaPem: ca.certificatePem })
})

/** The client's end of the records. */
class ClientEnd extends Duplex {
  channel: TlsChannel | undefined
  override _read(): void {
    // Records are pushed as they arrive.
  }
  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    setImmediate(() => this.channel?.deliver(chunk))
    done()
  }
}

interface Handshake {
  readonly peer: TlsPeer
  readonly keyMaterial: TlsKeyMaterial
  readonly client: TLSSocket
  readonly channel: TlsChannel
  readonly plaintext: () => string
}

function handshake(pair: IssuedPair | undefined, maxVersion: 'TLSv1.2' | 'TLSv1.3' = 'TLSv1.3'): Promise<Handshake> {
  return new Promise((resolve, reject) => {
    const end = new ClientEnd()
    let plaintext = ''
    const channel: TlsChannel = acceptor.accept({
      ciphertext: (bytes) => end.push(Buffer.from(bytes)),
      established: (peer, keyMaterial) => {
        resolve({ peer, keyMaterial, client, channel, plaintext: () => plaintext })
      },
      plaintext: (bytes) => (plaintext += Buffer.from(bytes).toString()),
      failed: (code) => {
        reject(new Error(code))
      },
    })
    end.channel = channel
    const identity = pair ? { cert: pair.certificatePem, key: pair.privateKeyPem } : {}
    const client = connect({
      socket: end,
      ca: ca.certificatePem,
      checkServerIdentity: () => undefined,
      maxVersion,
      ...identity,
    })
    client.on('error', reject)
  })
}

it('names what is wrong with a certificate instead of hanging up', async () => {
  const foreign = await ThrowawayCa.create('tenant CA')
  const expired = { notBeforeMs: Date.now() - 2 * DAY_MS, notAfterMs: Date.now() - DAY_MS }
  const errorOf = async (pair: IssuedPair | undefined) => (await handshake(pair)).peer.verifyError
  expect(await errorOf(undefined)).toBe('NO_CERTIFICATE')
  expect(await errorOf(await ca.issue({ commonName: 'device', ...expired }))).toBe('CERT_HAS_EXPIRED')
  expect(await errorOf(await ca.issue({ commonName: 'device', notBeforeMs: Date.now() + DAY_MS / 2 }))).toBe(
    'CERT_NOT_YET_VALID',
  )
  expect(await errorOf(await foreign.issue({ commonName: 'device' }))).toBe('CERT_SIGNATURE_FAILURE')
  expect(await errorOf(await ca.issue({ commonName: 'device', usages: ['server'] }))).toBe('INVALID_PURPOSE')
})

it.each(['TLSv1.2', 'TLSv1.3'] as const)(
  'accepts a device over %s and exports the same keys as its peer',
  async (version) => {
    const { peer, keyMaterial, client, channel } = await handshake(await ca.issue({ commonName: 'device-1' }), version)
    expect(peer).toMatchObject({ verifyError: undefined, commonName: 'device-1' })
    expect(peer.certificateSha256).toMatch(/^[0-9a-f]{64}$/)
    expect(Buffer.from(keyMaterial.dataKeys)).toEqual(client.exportKeyingMaterial(256, 'EXPORTER-OpenVPN-datakeys'))
    expect(keyMaterial.dataKeys).not.toEqual(keyMaterial.dynamicTlsCrypt)
    channel.stop()
  },
)

it('tells concurrent handshakes apart', async () => {
  const pairs = await Promise.all(['a', 'b', 'c', 'd'].map((commonName) => ca.issue({ commonName })))
  const peers = await Promise.all(pairs.map(async (pair) => (await handshake(pair)).peer.commonName))
  expect(peers).toEqual(['a', 'b', 'c', 'd'])
})

it('carries plaintext both ways and says nothing when it stops', async () => {
  const { client, channel, plaintext } = await handshake(await ca.issue({ commonName: 'device' }))
  client.write('hello')
  await expect.poll(plaintext).toBe('hello')
  const received = new Promise<string>((resolve) =>
    client.once('data', (data: Buffer) => {
      resolve(data.toString())
    }),
  )
  channel.send(Buffer.from('PUSH_REPLY'))
  expect(await received).toBe('PUSH_REPLY')
  let ended = false
  client.on('end', () => (ended = true))
  channel.stop()
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect(ended).toBe(false)
})

it('reports bytes that are not TLS', async () => {
  const failed = new Promise<string>((resolve) => {
    const nothing = () => undefined
    const channel = acceptor.accept({ ciphertext: nothing, established: nothing, plaintext: nothing, failed: resolve })
    channel.deliver(Buffer.from('this is not a TLS record at all'))
  })
  expect(await failed).toMatch(/^ERR_SSL_|^EPROTO/)
})

it('heeds nothing after it was stopped, even from within an event', async () => {
  const told: string[] = []
  const device = await ca.issue({ commonName: 'device' })
  const established = Promise.withResolvers<undefined>()
  const end = new ClientEnd()
  const channel: TlsChannel = acceptor.accept({
    ciphertext: (bytes) => end.push(Buffer.from(bytes)),
    established: () => {
      told.push('established')
      channel.stop()
      established.resolve(undefined)
    },
    plaintext: () => told.push('plaintext'),
    failed: () => told.push('failed'),
  })
  end.channel = channel
  const client = connect({
    socket: end,
    ca: ca.certificatePem,
    checkServerIdentity: () => undefined,
    cert: device.certificatePem,
    key: device.privateKeyPem,
  })
  client.write('hello')
  await established.promise
  channel.deliver(Buffer.from('garbage'))
  channel.send(Buffer.from('text'))
  channel.stop()
  expect(told).toEqual(['established'])
})

it('tells of a failure once and flushes the alert first', () => {
  const told: string[] = []
  const channel = acceptor.accept({
    ciphertext: (bytes) => told.push(`alert of ${String(bytes.length)} bytes`),
    established: () => told.push('established'),
    plaintext: () => told.push('plaintext'),
    failed: (code) => told.push(code),
  })
  // A ClientHello that ends before it begins.
  const hello = Buffer.from('160301000501000001ff', 'hex')
  channel.deliver(hello)
  channel.deliver(hello)
  expect(told).toEqual(['alert of 7 bytes', expect.stringMatching(/^ERR_SSL_/)])
})

it('refuses credentials that do not belong together, and keeps the ones before', async () => {
  const [one, other] = [await ca.issue({ commonName: 'one' }), await ca.issue({ commonName: 'other' })]
  const mixed = { certificatePem: one.certificatePem, privateKeyPem: other.privateKeyPem }
  expect(() => {
    acceptor.renew({ ...mixed, tenantCaPem: ca.certificatePem })
  }).toThrow(expect.objectContaining({ code: 'bad-private-key' }))
  expect((await handshake(one)).peer.commonName).toBe('one')
})
