import 'reflect-metadata'

import { randomBytes, randomUUID, webcrypto } from 'node:crypto'

import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  Pkcs10CertificateRequest,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509'

import { createKeyAndRequest } from '../certificate-signing-request.ts'
import type { ClusterCredentials } from '../server-tls.ts'

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const DAY_MS = 24 * 60 * 60_000

interface Member {
  /** A `ServiceRole`, or another word where a spec wants a wrong one. */
  readonly role: string
  readonly serviceId?: string
  readonly hosts?: readonly string[]
  readonly notBeforeMs?: number
  readonly notAfterMs?: number
}

/** A cluster CA that lives as long as a spec. */
export interface ThrowawayCluster {
  readonly caPem: string
  /** Signs a member's request as the auth-service would. */
  sign(csrPem: string, member: Member): Promise<string>
  /** Makes key and certificate of a member in one go. */
  member(member: Member): Promise<ClusterCredentials>
}

/** Makes the CA. */
export async function throwawayCluster(): Promise<ThrowawayCluster> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
  const issuer = [{ CN: ['throw-away cluster'] }, { OU: [randomUUID()] }]
  const ca = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: issuer,
    notBefore: new Date(Date.now() - 10 * DAY_MS),
    notAfter: new Date(Date.now() + 10 * DAY_MS),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [new BasicConstraintsExtension(true, 0, true)],
  })
  const caPem = `${ca.toString('pem')}\n`

  const sign = async (csrPem: string, member: Member) => {
    const hosts = member.hosts ?? []
    const names = hosts.map((value) => ({ type: /^[\d.]+$/.test(value) ? ('ip' as const) : ('dns' as const), value }))
    const certificate = await X509CertificateGenerator.create({
      serialNumber: serial(),
      issuer,
      subject: [{ OU: [member.role] }, { CN: [member.serviceId ?? randomUUID()] }],
      notBefore: new Date(member.notBeforeMs ?? Date.now() - 60_000),
      notAfter: new Date(member.notAfterMs ?? Date.now() + DAY_MS),
      publicKey: new Pkcs10CertificateRequest(csrPem).publicKey,
      signingKey: keys.privateKey,
      signingAlgorithm: ALGORITHM,
      extensions: [
        new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth]),
        ...(names.length === 0 ? [] : [new SubjectAlternativeNameExtension(names)]),
      ],
    })
    return `${certificate.toString('pem')}\n`
  }

  const member = async (description: Member) => {
    const { privateKeyPem, csrPem } = await createKeyAndRequest('member', description.hosts)
    return { privateKeyPem, certificatePem: await sign(csrPem, description), clusterCaPem: caPem }
  }

  return { caPem, sign, member }
}

function serial(): string {
  return `40${randomBytes(15).toString('hex')}`
}
