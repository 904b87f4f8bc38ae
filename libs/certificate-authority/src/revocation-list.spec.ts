import { execFileSync } from 'node:child_process'
import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, it } from 'vitest'

import { createAuthority } from './authority.ts'
import type { IssuedCertificate } from './issuer.ts'
import type { RevokedSerial } from './revocation-list.ts'
import { SoftwareIssuer } from './software-issuer.ts'

const NOW_MS = Date.UTC(2026, 0, 1, 12)
const DAY_S = 86_400
const folder = mkdtempSync(join(tmpdir(), 'revocation-list-'))
let issuer: SoftwareIssuer

beforeAll(async () => {
  issuer = await newIssuer('Acme VPN CA')
})

afterAll(() => {
  rmSync(folder, { recursive: true })
})

async function newIssuer(commonName: string): Promise<SoftwareIssuer> {
  const authority = await createAuthority({ commonName, nowMs: NOW_MS, lifetimeDays: 3650 })
  return SoftwareIssuer.load(authority.certificatePem, authority.privateKeyPkcs8)
}

async function deviceCertificate(): Promise<IssuedCertificate> {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const spki = new Uint8Array(publicKey.export({ format: 'der', type: 'spki' }))
  return issuer.issue({
    publicKey: { type: 'ec', spki },
    subject: { profile: 'vpn-device', deviceId: randomUUID() },
    nowMs: NOW_MS,
    lifetimeSeconds: 30 * DAY_S,
  })
}

const listOf = (revoked: readonly RevokedSerial[], nowMs = NOW_MS) =>
  issuer.revocationList({ nowMs, lifetimeSeconds: DAY_S, revoked })
const revokedNow = (serial: string): RevokedSerial => ({
  serial,
  reason: 'privilege-withdrawn',
  revokedAt: new Date(NOW_MS),
})

function openssl(...args: string[]): string {
  return execFileSync('openssl', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

function fileOf(name: string, content: string | Uint8Array): string {
  const file = join(folder, name)
  writeFileSync(file, content)
  return file
}

/** What `openssl verify -crl_check` says about a certificate; its complaint, or `OK`. */
function verdict(certificate: IssuedCertificate, list: Uint8Array, atMs = NOW_MS): string {
  const files = ['-CAfile', fileOf('ca.pem', issuer.certificatePem), '-CRLfile', fileOf('list.crl', list)]
  const when = ['-attime', String(atMs / 1000)]
  try {
    openssl('verify', '-crl_check', ...when, ...files, fileOf('certificate.pem', certificate.certificatePem))
    return 'OK'
  } catch (error) {
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr) : ''
    return /error \d+ at 0 depth lookup: (.*)/.exec(said)?.[1] ?? String(error)
  }
}

it('names the revoked certificates, and only them, to OpenSSL', async () => {
  const [good, bad] = [await deviceCertificate(), await deviceCertificate()]
  const list = await listOf([revokedNow(bad.serial)])
  expect(verdict(good, list)).toBe('OK')
  expect(verdict(bad, list)).toBe('certificate revoked')
  expect(verdict(good, await listOf([]))).toBe('OK')
})

it('says when the next list comes, which number it has, and why a certificate is on it', async () => {
  const { serial } = await deviceCertificate()
  const list = fileOf(
    'list.crl',
    await listOf([revokedNow(serial), { ...revokedNow('4'.repeat(32)), reason: 'unspecified' }]),
  )
  const text = openssl('crl', '-inform', 'DER', '-noout', '-text', '-in', list)
  expect(text).toContain('Next Update: Jan  2 12:00:00 2026 GMT')
  expect(text).toContain(`Serial Number: ${serial.toUpperCase()}`)
  expect(text).toMatch(/X509v3 CRL Number:\s+(0x)?\w+/)
  expect(text.match(/Privilege Withdrawn/g)).toHaveLength(1)
  expect(text).not.toContain('Unspecified')
  const ca = fileOf('ca.pem', issuer.certificatePem)
  expect(openssl('crl', '-inform', 'DER', '-noout', '-crlnumber', '-in', list)).toContain(
    NOW_MS.toString(16).toUpperCase(),
  )
  expect(() => openssl('crl', '-inform', 'DER', '-noout', '-CAfile', ca, '-in', list)).not.toThrow()
})

it('is worth nothing after its time, and nothing under another authority', async () => {
  const certificate = await deviceCertificate()
  expect(verdict(certificate, await listOf([]), NOW_MS + 2 * DAY_S * 1000)).toBe('CRL has expired')
  const stranger = await newIssuer('Acme VPN CA')
  const theirs = await stranger.revocationList({ nowMs: NOW_MS, lifetimeSeconds: DAY_S, revoked: [] })
  expect(verdict(certificate, theirs)).not.toBe('OK')
})
