import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, expect, it } from 'vitest'

import { parseCertificateRequest } from './certificate-request.ts'

const folder = mkdtempSync(join(tmpdir(), 'request-'))
afterAll(() => {
  rmSync(folder, { recursive: true })
})

/** A request as the openssl command makes it; `algorithm` is what `openssl genpkey` takes. */
function requestOf(algorithm: readonly string[]): string {
  const key = join(folder, 'key.pem')
  openssl('genpkey', ...algorithm, '-out', key)
  return openssl('req', '-new', '-key', key, '-subj', '/CN=root/O=Somebody', '-addext', 'basicConstraints=CA:TRUE')
}

function openssl(...parameters: readonly string[]): string {
  return execFileSync('openssl', parameters, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
}

const P256 = ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256']

const reasonFor = async (pem: string) => {
  const parsed = await parseCertificateRequest(pem)
  return parsed.result === 'refused' ? parsed.reason : parsed.result
}

it('refuses a request that is too long before it looks at it', async () => {
  expect(await reasonFor(`${requestOf(P256)}${' '.repeat(8192)}`)).toBe('too-long')
})

it('refuses what is not one PEM request', async () => {
  const request = requestOf(P256)
  const wrong = [
    '',
    'hello',
    request + request,
    request.replaceAll('CERTIFICATE REQUEST', 'CERTIFICATE'),
    request.replaceAll('CERTIFICATE REQUEST', 'PRIVATE KEY'),
    request.replace(/\n.{20}/, '\n'),
    request.split('\n').slice(0, 3).join('\n'),
    '-----BEGIN CERTIFICATE REQUEST-----\n-----END CERTIFICATE REQUEST-----',
    '-----BEGIN CERTIFICATE REQUEST-----\nMAA=\n-----END CERTIFICATE REQUEST-----',
  ]
  for (const pem of wrong) expect(await reasonFor(pem)).toBe('not-a-request')
})

it.each([
  ['RSA 1024', ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:1024']],
  ['RSA with exponent 3', ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048', '-pkeyopt', 'rsa_keygen_pubexp:3']],
  ['EC P-521', ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-521']],
  ['EC secp256k1', ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:secp256k1']],
  ['EC with explicit parameters', [...P256, '-pkeyopt', 'ec_param_enc:explicit']],
  ['Ed448', ['-algorithm', 'ED448']],
])('refuses a key of %s', async (_, algorithm) => {
  expect(await reasonFor(requestOf(algorithm))).toBe('key-not-allowed')
})

it('refuses a request whose signature is not of its own key', async () => {
  const lines = requestOf(P256).trim().split('\n')
  const der = Buffer.from(lines.slice(1, -1).join(''), 'base64')
  for (const offset of [-1, -40]) {
    const forged = Buffer.from(der)
    forged.writeUInt8(forged.readUInt8(forged.length + offset) ^ 1, forged.length + offset)
    const pem = [lines[0], forged.toString('base64'), lines.at(-1)].join('\n')
    expect(await reasonFor(pem)).toBe('bad-signature')
  }
})

it('says what is wrong in a sentence', async () => {
  expect(await parseCertificateRequest('hello')).toEqual({
    result: 'refused',
    reason: 'not-a-request',
    message: 'This is not a PEM certificate signing request (BEGIN CERTIFICATE REQUEST).',
  })
})

it.each([
  ['ec', 'EC P-256', P256],
  ['ec', 'EC P-384', ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-384']],
  ['ed25519', 'Ed25519', ['-algorithm', 'ED25519']],
  ['rsa', 'RSA 2048', ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048']],
])('accepts a key of type %s (%s)', async (type, _, algorithm) => {
  const parsed = await parseCertificateRequest(requestOf(algorithm))
  expect(parsed).toMatchObject({ result: 'accepted', publicKey: { type } })
})

it('reads line ends of Windows and the older label', async () => {
  const request = requestOf(P256)
  expect(await reasonFor(request.replaceAll('\n', '\r\n'))).toBe('accepted')
  expect(await reasonFor(request.replaceAll('CERTIFICATE REQUEST', 'NEW CERTIFICATE REQUEST'))).toBe('accepted')
})
