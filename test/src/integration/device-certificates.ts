import { execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { createKeyAndRequest } from '@sallyport/cluster-identity'
import { requiredText } from '@sallyport/local-services'

import type { TestDevice, TestTenant } from './auth-service-harness.ts'

/** Changes some rules of a tenant's policy. */
export async function setPolicy({ client: { api } }: TestTenant, changes: object): Promise<void> {
  const read = Object(await api.call('GET', '/policy')) as { policy: object; version: number }
  const rules = Object.fromEntries(Object.entries(read.policy).filter(([rule]) => rule !== 'requiredSince'))
  await api.call('PUT', '/policy', { policy: { ...rules, ...changes }, version: read.version })
}

/** The content of one of a profile's blocks. */
export function blockOf(profile: string, tag: string): string {
  return new RegExp(`<${tag}>\\n([^<]*)</${tag}>`).exec(profile)?.[1] ?? ''
}

/** The device of a profile, as a node sees it. */
export function deviceOf(profile: string): TestDevice {
  const certificate = new X509Certificate(blockOf(profile, 'cert'))
  const deviceId = certificate.subject.replace('CN=', '')
  return {
    deviceId,
    profile,
    certificate: {
      sha256: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
      serial: certificate.serialNumber.toLowerCase(),
      commonName: deviceId,
    },
  }
}

/** A certificate signing request of a fresh key. */
export async function csrOf(): Promise<string> {
  return (await createKeyAndRequest('device')).csrPem
}

/** A text in the answer of a call. */
export async function textOf(call: Promise<unknown>, field: string): Promise<string> {
  return requiredText(await call, field)
}

/** Asks the openssl command about certificates. */
export class OpensslVerifier implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'certificates-'))

  /** OpenSSL's complaint about a certificate, or `OK`; with a list it also looks whether it is revoked. */
  verdict(certificate: string, caPem: string, list?: Uint8Array): string {
    const revocation = list === undefined ? [] : ['-crl_check', '-CRLfile', this.#file('list.crl', list)]
    const files = [...revocation, '-CAfile', this.#file('ca.pem', caPem), this.#file('certificate.pem', certificate)]
    try {
      execFileSync('openssl', ['verify', ...files], { stdio: ['ignore', 'pipe', 'pipe'] })
      return 'OK'
    } catch (error) {
      const said = error instanceof Error && 'stderr' in error ? String(error.stderr) : ''
      return /depth lookup: (.*)/.exec(said)?.[1] ?? String(error)
    }
  }

  #file(name: string, content: string | Uint8Array): string {
    const file = join(this.#folder, name)
    writeFileSync(file, content)
    return file
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true })
  }
}
