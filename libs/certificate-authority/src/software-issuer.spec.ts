import { execFileSync } from 'node:child_process'
import { generateKeyPairSync, type KeyObject, randomUUID, X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, it } from 'vitest'

import { createAuthority, type NewAuthority } from './authority.ts'
import type { RequestedKey } from './certificate-request.ts'
import type { IssuedCertificate } from './issuer.ts'
import type { CertificateSubject } from './profile.ts'
import { SoftwareIssuer } from './software-issuer.ts'

const NOW_MS = Date.UTC(2026, 0, 1, 12)
const DAY_S = 86_400
const DEVICE_ID = randomUUID()
const DEVICE: CertificateSubject = { profile: 'vpn-device', deviceId: DEVICE_ID }
const SERVER: CertificateSubject = { profile: 'vpn-server', serverName: 'acme.vpn.sallyport.internal' }
const SERVICE: CertificateSubject = {
  profile: 'cluster-service',
  serviceId: DEVICE_ID,
  role: 'ip-allocator',
  hosts: ['localhost', '127.0.0.1', '::1'],
}

const folder = mkdtempSync(join(tmpdir(), 'issuer-'))
let authority: NewAuthority
let issuer: SoftwareIssuer

beforeAll(async () => {
  authority = await createAuthority({ commonName: 'Acme VPN CA', nowMs: NOW_MS, lifetimeDays: 3650 })
  issuer = await SoftwareIssuer.load(authority.certificatePem, authority.privateKeyPkcs8)
})

afterAll(() => {
  rmSync(folder, { recursive: true })
})

const keyOf = (type: RequestedKey['type'], key: KeyObject): RequestedKey => ({
  type,
  spki: new Uint8Array(key.export({ format: 'der', type: 'spki' })),
})
const ecKey = () => keyOf('ec', generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey)
const issue = (
  subject: CertificateSubject,
  changes: { publicKey?: RequestedKey; lifetimeSeconds?: number; nowMs?: number } = {},
) => issuer.issue({ publicKey: ecKey(), subject, nowMs: NOW_MS, lifetimeSeconds: 30 * DAY_S, ...changes })

/** Asks the openssl command about a chain at a moment; gives its complaint, or `OK`. */
function verify(
  issued: IssuedCertificate,
  purpose: 'sslclient' | 'sslserver',
  atMs = NOW_MS,
  caPem = authority.certificatePem,
): string {
  writeFileSync(join(folder, 'ca.pem'), caPem)
  writeFileSync(join(folder, 'certificate.pem'), issued.certificatePem)
  const when = ['-attime', String(Math.floor(atMs / 1000))]
  const files = ['-CAfile', join(folder, 'ca.pem'), join(folder, 'certificate.pem')]
  try {
    execFileSync('openssl', ['verify', '-x509_strict', '-purpose', purpose, ...when, ...files], { stdio: 'pipe' })
    return 'OK'
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

function textOf(pem: string): string {
  return execFileSync('openssl', ['x509', '-noout', '-text'], { input: pem, encoding: 'utf8' })
}

it('does not load a key that is not of the certificate', async () => {
  const other = await createAuthority({ commonName: 'Other', nowMs: NOW_MS, lifetimeDays: 1 })
  await expect(SoftwareIssuer.load(authority.certificatePem, other.privateKeyPkcs8)).rejects.toMatchObject({
    code: 'authority-key-mismatch',
  })
})

it('issues nothing once the authority has expired, and nothing that outlives it', async () => {
  const endMs = NOW_MS + 3650 * DAY_S * 1000
  await expect(issue(DEVICE, { nowMs: endMs })).rejects.toMatchObject({ code: 'authority-expired' })
  const last = await issue(DEVICE, { nowMs: endMs - DAY_S * 1000 })
  expect(last.notAfter).toEqual(new Date(endMs))
})

it('issues device certificates that are no server and no authority', async () => {
  const device = await issue(DEVICE)
  expect(verify(device, 'sslserver')).toMatch(/unsuitable certificate purpose/)
  expect(new X509Certificate(device.certificatePem).ca).toBe(false)
})

it('issues server certificates that are no client', async () => {
  expect(verify(await issue(SERVER), 'sslclient')).toMatch(/unsuitable certificate purpose/)
})

it('issues certificates that another authority of the same name did not sign', async () => {
  const twin = await createAuthority({ commonName: 'Acme VPN CA', nowMs: NOW_MS, lifetimeDays: 3650 })
  expect(verify(await issue(DEVICE), 'sslclient', NOW_MS, twin.certificatePem)).not.toBe('OK')
})

it('starts certificates five minutes early and ends them in time', async () => {
  const device = await issue(DEVICE)
  expect(device.notBefore).toEqual(new Date(NOW_MS - 300_000))
  expect(device.notAfter).toEqual(new Date(NOW_MS + 30 * DAY_S * 1000))
  expect(verify(device, 'sslclient', NOW_MS - 299_000)).toBe('OK')
  expect(verify(device, 'sslclient', NOW_MS - 301_000)).toMatch(/not yet valid/)
  expect(verify(device, 'sslclient', device.notAfter.getTime() + 1000)).toMatch(/expired/)
})

it('does not let a name break out of its field', async () => {
  const subject = { profile: 'vpn-device', deviceId: 'a, O=Acme + CN=b/CN=c' } as const
  const certificate = new X509Certificate((await issue(subject)).certificatePem)
  expect(certificate.toLegacyObject().subject).toMatchObject({ CN: subject.deviceId })
  expect(certificate.toLegacyObject().subject).not.toHaveProperty('O')
})

it('names a device by its id and says that it is a client', async () => {
  const device = await issue(DEVICE)
  const text = textOf(device.certificatePem)
  expect(verify(device, 'sslclient')).toBe('OK')
  expect(text).toMatch(new RegExp(`Subject: CN = ${DEVICE_ID}\n`))
  expect(text).toMatch(/Key Usage: critical\s+Digital Signature\n/)
  expect(text).toMatch(/Extended Key Usage:\s+TLS Web Client Authentication\n/)
  expect(text).not.toMatch(/Subject Alternative Name/)
})

it('names a VPN server in subject and alternative name and says that it is a server', async () => {
  const server = await issue(SERVER)
  const certificate = new X509Certificate(server.certificatePem)
  expect(verify(server, 'sslserver')).toBe('OK')
  expect(certificate.subject).toBe('CN=acme.vpn.sallyport.internal')
  expect(certificate.subjectAltName).toBe('DNS:acme.vpn.sallyport.internal')
  expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1'])
})

it('names a cluster service by id and role, as client and server of its hosts', async () => {
  const service = await issue(SERVICE)
  const certificate = new X509Certificate(service.certificatePem)
  expect(verify(service, 'sslserver')).toBe('OK')
  expect(verify(service, 'sslclient')).toBe('OK')
  expect(certificate.subject).toBe(`OU=ip-allocator\nCN=${DEVICE_ID}`)
  expect(certificate.checkHost('localhost')).toBe('localhost')
  expect(certificate.checkIP('127.0.0.1')).toBe('127.0.0.1')
  expect(certificate.checkIP('::1')).toBe('::1')
})

it('lets RSA server keys encipher keys, and only those', async () => {
  const rsa = keyOf('rsa', generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey)
  expect(textOf((await issue(SERVER, { publicKey: rsa })).certificatePem)).toMatch(
    /Digital Signature, Key Encipherment\n/,
  )
  expect(textOf((await issue(SERVER)).certificatePem)).not.toMatch(/Key Encipherment/)
})

it('signs Ed25519 keys', async () => {
  const publicKey = keyOf('ed25519', generateKeyPairSync('ed25519').publicKey)
  expect(verify(await issue(DEVICE, { publicKey }), 'sslclient')).toBe('OK')
})

it('tells serial and fingerprint as everybody else computes them, never twice the same', async () => {
  const all = await Promise.all(Array.from({ length: 20 }, () => issue(DEVICE)))
  for (const issued of all) {
    const certificate = new X509Certificate(issued.certificatePem)
    expect(issued.serial).toMatch(/^[4-7][0-9a-f]{31}$/)
    expect(certificate.serialNumber.toLowerCase()).toBe(issued.serial)
    expect(certificate.fingerprint256.replaceAll(':', '').toLowerCase()).toBe(issued.sha256)
  }
  expect(new Set(all.map(({ serial }) => serial)).size).toBe(20)
})

it('makes an authority for end certificates only', () => {
  const text = textOf(authority.certificatePem)
  expect(text).toMatch(/Basic Constraints: critical\s+CA:TRUE, pathlen:0\n/)
  expect(text).toMatch(/Key Usage: critical\s+Certificate Sign, CRL Sign\n/)
  expect(
    new X509Certificate(authority.certificatePem).verify(new X509Certificate(authority.certificatePem).publicKey),
  ).toBe(true)
})
