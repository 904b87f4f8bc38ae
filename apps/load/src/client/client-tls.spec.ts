import type { ClientInput } from '@sallyport/openvpn-session'
import { ThrowawayCa } from '@sallyport/testkit'
import { TlsClientContext, type TlsConnection, TlsServerContext } from '@sallyport/tls-engine'
import { beforeAll, expect, it } from 'vitest'

import { ClientTls } from './client-tls.ts'

let client: TlsClientContext
let server: TlsServerContext

beforeAll(async () => {
  const ca = await ThrowawayCa.create('CA')
  const [own, other] = await Promise.all([
    ca.issue({ commonName: 'device', usages: ['client'] }),
    ca.issue({ commonName: 'node.example', usages: ['server'] }),
  ])
  client = new TlsClientContext({ ...own, serverCaPem: ca.certificatePem })
  server = new TlsServerContext({ ...other, clientCaPem: ca.certificatePem })
})

/** A client's TLS joined to a server's, with all inputs that came of it. */
class Scene {
  readonly inputs: ClientInput[] = []
  readonly tls: ClientTls
  readonly #peer: TlsConnection = server.accept()

  constructor(serverName: string | undefined) {
    const waiting: ClientInput[] = []
    this.tls = new ClientTls(client, serverName, (input) => {
      this.inputs.push(input)
      waiting.push(input)
    })
    this.tls.perform({ type: 'tls-start', keyId: 0 })
    for (let input = waiting.shift(); input !== undefined; input = waiting.shift()) {
      if (input.type !== 'tls-ciphertext') continue
      const { ciphertext } = this.#peer.deliver(input.bytes)
      if (ciphertext !== undefined) this.tls.perform({ type: 'tls-deliver', keyId: 0, bytes: ciphertext })
    }
  }

  hear(text: string): void {
    this.tls.perform({ type: 'tls-deliver', keyId: 0, bytes: this.#peer.send(Buffer.from(text)) })
  }

  types(): string[] {
    return this.inputs.map(({ type }) => type)
  }
}

it.each(['node.example', undefined])('shakes hands with a server that has the name %s, and hears it', (name) => {
  const scene = new Scene(name)
  scene.hear('hello')
  expect(scene.types()).toEqual(['tls-ciphertext', 'tls-ciphertext', 'tls-established', 'tls-plaintext'])
  expect(scene.inputs.at(-1)).toMatchObject({ keyId: 0, bytes: Buffer.from('hello') })
})

it('takes a good certificate of another name for a failure', () => {
  const scene = new Scene('other.example')
  expect(scene.types()).not.toContain('tls-established')
  expect(scene.inputs.at(-1)).toEqual({ type: 'tls-failed', keyId: 0, code: 'SERVER_NAME_MISMATCH' })
})

it('says nothing for key states that it does not know or that were stopped', () => {
  const scene = new Scene(undefined)
  const before = scene.inputs.length
  scene.tls.perform({ type: 'tls-write', keyId: 1, bytes: Buffer.from('x') })
  scene.tls.perform({ type: 'tls-stop', keyId: 0 })
  scene.hear('too late')
  scene.tls.stopAll()
  expect(scene.inputs).toHaveLength(before)
})
