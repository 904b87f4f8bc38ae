import 'reflect-metadata'

import { webcrypto } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { X509CertificateGenerator } from '@peculiar/x509'
import { expect, it } from 'vitest'

import { hasIdentity } from './service-process.ts'

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }

async function certificateUntil(notAfter: Date): Promise<string> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, false, ['sign', 'verify'])
  const terms = { name: 'CN=service', notBefore: new Date(0), notAfter, keys, signingAlgorithm: ALGORITHM }
  return (await X509CertificateGenerator.createSelfSigned(terms)).toString('pem')
}

it('asks for a join token without an identity, and again when its certificate has lapsed', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'sallyport-service-'))
  const store = (certificate: string) => {
    writeFileSync(join(directory, 'identity.json'), JSON.stringify({ enrolment: { certificate } }))
  }
  try {
    expect(hasIdentity(directory)).toBe(false)
    store(await certificateUntil(new Date(Date.now() - 1000)))
    expect(hasIdentity(directory)).toBe(false)
    store(await certificateUntil(new Date(Date.now() + 60_000)))
    expect(hasIdentity(directory)).toBe(true)
  } finally {
    rmSync(directory, { recursive: true })
  }
})
