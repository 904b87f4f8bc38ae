import 'reflect-metadata'

import { webcrypto } from 'node:crypto'

import { Pkcs10CertificateRequestGenerator } from '@peculiar/x509'

import { ApiClient, ApiClientError, fieldOf, requiredText, textField } from './api-client.ts'

const KEY_ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }

/** Whose session is opened; `otp` once a second factor is enrolled. */
export interface SignIn {
  readonly tenant: string
  readonly username: string
  readonly password: string
  readonly otp?: string | undefined
}

/** What the user has to do before a device can be enrolled. */
export interface SignInResult {
  readonly mustChangePassword: boolean
  /** The policy demands a second factor of this user. */
  readonly factorRequired: boolean
  readonly factorEnrolled: boolean
}

/** A device with its whole profile, private key included, which exists only here. */
export interface EnrolledDevice {
  readonly deviceId: string
  readonly profile: string
}

/**
 * The user's side of the public API: signs in, changes a one-time password, enrols a second factor and a device. The
 * device's key pair is made here and its private half is never sent.
 */
export class EnrolmentClient {
  /** For calls that have no method here; carries the session. */
  readonly api: ApiClient

  constructor(serverUrl: string) {
    this.api = new ApiClient(serverUrl)
  }

  /**
   * Signs in with everything at once. Fails with code `sign-in-failed`, `otp-required`, `wrong-otp` or
   * `too-many-attempts`.
   */
  async signIn(signIn: SignIn): Promise<SignInResult> {
    const { tenant, username, password, otp } = signIn
    const answer = await this.api.call('POST', '/sign-in', {
      tenant,
      username,
      password,
      ...(otp === undefined ? {} : { otp }),
    })
    if (textField(answer, 'status') === 'factor-required') {
      throw new ApiClientError(401, 'otp-required', 'Please give the code of your authenticator app.')
    }
    const factors = fieldOf(answer, 'factors')
    const enrolled = fieldOf(factors, 'enrolled')
    return {
      mustChangePassword: fieldOf(answer, 'mustChangePassword') === true,
      factorRequired: fieldOf(factors, 'required') === true,
      factorEnrolled: Array.isArray(enrolled) && enrolled.length > 0,
    }
  }

  async changePassword(currentPassword: string, newPassword: string): Promise<void> {
    await this.api.call('POST', '/me/password', { currentPassword, newPassword })
  }

  /** Gives the secret (base32) and the `otpauth:` address for an authenticator app. */
  async beginTotp(): Promise<{ readonly secret: string; readonly uri: string }> {
    const answer = await this.api.call('POST', '/me/totp')
    return { secret: requiredText(answer, 'secret'), uri: requiredText(answer, 'uri') }
  }

  async confirmTotp(code: string): Promise<void> {
    await this.api.call('POST', '/me/totp/confirm', { code })
  }

  /**
   * Makes a key pair and a certificate request, and gives the profile with the key in it. Old clients need the flavour
   * `legacy`, which the tenant must allow (else code `legacy-clients-off`).
   */
  async enrolDevice(name: string, networkId?: string, flavour?: 'modern' | 'legacy'): Promise<EnrolledDevice> {
    const keys = await webcrypto.subtle.generateKey(KEY_ALGORITHM, true, ['sign', 'verify'])
    const request = await Pkcs10CertificateRequestGenerator.create({
      name: 'CN=sallyport-device',
      keys,
      signingAlgorithm: KEY_ALGORITHM,
    })
    const answer = await this.api.call('POST', '/devices', {
      name,
      csr: request.toString('pem'),
      ...(networkId === undefined ? {} : { networkId }),
      ...(flavour === undefined ? {} : { flavour }),
    })
    const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey))
    return {
      deviceId: requiredText(answer, 'deviceId'),
      profile: `${requiredText(answer, 'profile').trimEnd()}\n<key>\n${pem(pkcs8)}</key>\n`,
    }
  }
}

function pem(pkcs8: Buffer): string {
  const lines = pkcs8.toString('base64').match(/.{1,64}/g) ?? []
  return ['-----BEGIN PRIVATE KEY-----', ...lines, '-----END PRIVATE KEY-----', ''].join('\n')
}
