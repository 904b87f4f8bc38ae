import { execFileSync } from 'node:child_process'
import { createPrivateKey, createPublicKey } from 'node:crypto'

import { expect, it } from 'vitest'

import { createKeyAndRequest } from './certificate-signing-request.ts'

function readByOpenssl(csrPem: string): string {
  return execFileSync('openssl', ['req', '-verify', '-noout', '-text', '-pubkey'], {
    input: csrPem,
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'ignore'],
  })
}

it('does not let a name break out of its field', async () => {
  const { csrPem } = await createKeyAndRequest('a, O=Acme + CN=b')
  expect(readByOpenssl(csrPem)).toMatch(/Subject: CN = "a, O=Acme \+ CN=b"\n/)
})

it('makes a request that openssl verifies, with the hosts and the public half of the key', async () => {
  const { privateKeyPem, csrPem } = await createKeyAndRequest('node-1', ['node-1.example', '192.0.2.1', '2001:db8::1'])
  const text = readByOpenssl(csrPem)
  const publicKey = createPublicKey(createPrivateKey(privateKeyPem.reveal())).export({ format: 'pem', type: 'spki' })
  expect(text).toContain(publicKey.toString())
  expect(text).toContain('Subject: CN = node-1\n')
  expect(text).toContain('ASN1 OID: prime256v1')
  expect(text).toContain('DNS:node-1.example, IP Address:192.0.2.1, IP Address:2001:DB8:0:0:0:0:0:1')
})

it('asks for no alternative names without hosts', async () => {
  expect(readByOpenssl((await createKeyAndRequest('node-1')).csrPem)).not.toContain('Alternative')
})
