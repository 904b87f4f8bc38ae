import { Duplex } from 'node:stream'
import { connect, type TLSSocket } from 'node:tls'

import { type IssuedPair, ThrowawayCa } from '@sallyport/testkit'
import { beforeAll, expect, it } from 'vitest'

import { loadNativeTls } from './native-binding.ts'
import {
  type EstablishedTls,
  TlsClientContext,
  type TlsConnection,
  type TlsCredentials,
  TlsServerContext,
} from './tls-engine.ts'

let ca: ThrowawayCa
let credentials: TlsCredentials

beforeAll(async () => {
  ca = await ThrowawayCa.create('tenant CA')
  credentials = { ...(await ca.issue({ commonName: 'server', usages: ['server'] })), clientCaPem: ca.certificatePem }
})

/** Node's TLS client, joined to a connection by hand. */
class NodeClient extends Duplex {
  readonly socket: TLSSocket
  readonly established: Promise<EstablishedTls>
  readonly #connection: TlsConnection
  readonly #settle: (established: EstablishedTls) => void
  received = ''

  constructor(connection: TlsConnection, identity?: IssuedPair) {
    super()
    this.#connection = connection
    const { promise, resolve } = Promise.withResolvers<EstablishedTls>()
    this.established = promise
    this.#settle = resolve
    const own = identity ? { cert: identity.certificatePem, key: identity.privateKeyPem } : {}
    this.socket = connect({ socket: this, ca: ca.certificatePem, checkServerIdentity: () => undefined, ...own })
  }

  override _read(): void {
    // Records are pushed as they arrive.
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    const { ciphertext, established, plaintext } = this.#connection.deliver(chunk)
    if (ciphertext) this.push(ciphertext)
    if (established) this.#settle(established)
    for (const record of plaintext) this.received += Buffer.from(record).toString()
    done()
  }
}

it.each([
  ['bad-certificate', { certificatePem: 'nonsense' }],
  ['bad-private-key', { privateKeyPem: '' }],
  ['bad-client-ca', { clientCaPem: 'nonsense' }],
])('refuses credentials: %s', (code, change) => {
  expect(() => new TlsServerContext({ ...credentials, ...change })).toThrow(expect.objectContaining({ code }))
  const context = new TlsServerContext(credentials)
  expect(() => {
    context.renew({ ...credentials, ...change })
  }).toThrow(expect.objectContaining({ code, name: 'TlsEngineError' }))
  expect(context.accept().deliver(Buffer.from('garbage!')).failed).toBe('ERR_SSL_WRONG_VERSION_NUMBER')
})

it('refuses a text longer than a record', () => {
  const connection = new TlsServerContext(credentials).accept()
  expect(() => connection.send(Buffer.alloc(16_385))).toThrow(/at most 16384/)
})

it('gives nothing after stop, and stops twice', () => {
  const connection = new TlsServerContext(credentials).accept()
  connection.stop()
  connection.stop()
  expect(connection.deliver(Buffer.from('garbage!'))).toMatchObject({ failed: undefined, ciphertext: undefined })
  expect(connection.send(Buffer.from('text'))).toHaveLength(0)
})

it('says how to build the addon when it is missing', () => {
  const missing = new URL('file:///nonexistent/tls_engine.node')
  expect(() => loadNativeTls(missing)).toThrow(expect.objectContaining({ code: 'addon-not-built' }))
})

it('describes the client as node:tls does', async () => {
  const device = await ca.issue({ commonName: 'device/ä=1, CN=other' })
  const client = new NodeClient(new TlsServerContext(credentials).accept(), device)
  const { verifyError, certificateSha256, certificateSerial, commonName } = await client.established
  const own = client.socket.getX509Certificate()
  expect(verifyError).toBeUndefined()
  expect(commonName).toBe('device/ä=1, CN=other')
  expect(certificateSha256).toBe(own?.fingerprint256.replaceAll(':', '').toLowerCase())
  expect(certificateSerial).toBe(own?.serialNumber.toLowerCase())
})

it('carries plaintext both ways and renews its certificate for connections to come', async () => {
  const context = new TlsServerContext(credentials)
  const connection = context.accept()
  const client = new NodeClient(connection)
  expect(await client.established).toMatchObject({ verifyError: 'NO_CERTIFICATE', certificateSha256: '' })
  context.renew({
    ...credentials,
    ...(await ca.issue({ commonName: 'renewed', usages: ['server'] })),
  })
  client.socket.write('hello')
  await expect.poll(() => client.received).toBe('hello')
  const answer = new Promise((resolve) => client.socket.once('data', resolve))
  client.push(connection.send(Buffer.from('welcome')))
  expect(String(await answer)).toBe('welcome')
  expect(client.socket.getPeerX509Certificate()?.subject).toBe('CN=server')
  const next = new NodeClient(context.accept())
  await next.established
  expect(next.socket.getPeerX509Certificate()?.subject).toBe('CN=renewed')
})

it('is a client too, which gives up on a server of another CA', async () => {
  const { certificatePem, privateKeyPem } = await ca.issue({ commonName: 'device-1', usages: ['client'] })
  const foreign = await ThrowawayCa.create('another CA')
  const handshake = (serverCaPem: string): { client: TlsConnection; server: TlsConnection; results: unknown[] } => {
    const server = new TlsServerContext(credentials).accept()
    const client = new TlsClientContext({ certificatePem, privateKeyPem, serverCaPem }).connect()
    const results: unknown[] = []
    for (let sent = client.begin().ciphertext; sent !== undefined;) {
      const answer = server.deliver(sent)
      const progress = client.deliver(answer.ciphertext ?? new Uint8Array(0))
      results.push(answer.established?.commonName, progress.established?.commonName, progress.failed)
      sent = progress.ciphertext
    }
    return { client, server, results: results.filter((result) => result !== undefined) }
  }
  const { client, server, results } = handshake(ca.certificatePem)
  expect(results).toEqual(['server', 'device-1'])
  expect(server.deliver(client.send(Buffer.from('hello'))).plaintext).toEqual([Buffer.from('hello')])
  expect(handshake(foreign.certificatePem).results).toEqual(['ERR_SSL_CERTIFICATE_VERIFY_FAILED'])
  expect(() => new TlsClientContext({ certificatePem, privateKeyPem, serverCaPem: '' })).toThrow(
    expect.objectContaining({ code: 'bad-server-ca' }),
  )
})

it('offers no compression of certificates, which costs a client more than the rest of the handshake', () => {
  const client = new TlsClientContext({ ...credentials, serverCaPem: ca.certificatePem }).connect()
  const offered = extensionsOf(Buffer.from(client.begin().ciphertext ?? []))
  client.stop()
  // supported_versions (RFC 8446 §4.2) is among them, compress_certificate (RFC 8879 §3) is not.
  expect(offered).toContain(43)
  expect(offered).not.toContain(27)
})

/** Types of the extensions of a ClientHello in one record (RFC 8446 §4.1.2). */
function extensionsOf(record: Buffer): number[] {
  let at = 5 + 4 + 2 + 32
  at += 1 + record.readUInt8(at)
  at += 2 + record.readUInt16BE(at)
  at += 1 + record.readUInt8(at)
  const types: number[] = []
  for (at += 2; at < record.length; at += 4 + record.readUInt16BE(at + 2)) types.push(record.readUInt16BE(at))
  return types
}
