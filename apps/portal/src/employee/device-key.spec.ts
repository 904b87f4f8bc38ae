import { execFileSync } from 'node:child_process'
import { createPrivateKey, createPublicKey } from 'node:crypto'

import { expect, it } from 'vitest'

import { canMakeKeys, makeDeviceKey } from './device-key.ts'

function openssl(input: string, ...parameters: string[]): string {
  return execFileSync('openssl', parameters, { input, encoding: 'utf8', stdio: ['pipe', 'pipe', 'ignore'] })
}

it('makes a P-256 key, and a request for it that is signed with it', async () => {
  const { csr, privateKeyPem } = await makeDeviceKey()
  const privateKey = createPrivateKey(privateKeyPem)
  expect(privateKey.asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' })
  const publicPem = createPublicKey(privateKey).export({ type: 'spki', format: 'pem' })
  expect(openssl(csr, 'req', '-verify', '-noout', '-pubkey')).toBe(publicPem)
  expect(openssl(csr, 'req', '-noout', '-subject').replaceAll(' ', '')).toBe('subject=CN=sallyport-device\n')
})

it('puts nothing of the private key into the request', async () => {
  const { csr, privateKeyPem } = await makeDeviceKey()
  const { d = '' } = createPrivateKey(privateKeyPem).export({ format: 'jwk' })
  const request = openssl(csr, 'req', '-outform', 'DER', '-inform', 'PEM')
  expect(Buffer.from(request, 'latin1').includes(Buffer.from(d, 'base64url'))).toBe(false)
  expect(csr).not.toContain(privateKeyPem.split('\n')[1])
})

it('makes another key each time', async () => {
  const [one, other] = await Promise.all([makeDeviceKey(), makeDeviceKey()])
  expect(one.privateKeyPem).not.toBe(other.privateKeyPem)
})

it.each([
  [{ crypto: { subtle: {} } }, true],
  [{ crypto: {} }, false],
  [{}, false],
])('knows of %o whether it can make keys: %s', (scope, can) => {
  expect(canMakeKeys(scope)).toBe(can)
})
