import { Inject, Injectable } from '@nestjs/common'
import {
  generateAuthenticationOptions,
  generateRegistrationOptions,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
} from '@simplewebauthn/server'
import { decodeAttestationObject } from '@simplewebauthn/server/helpers'

import type { Settings } from '../runtime/settings.ts'
import { SETTINGS } from '../runtime/tokens.ts'
import {
  type PasskeyAssertion,
  type PasskeyAttestation,
  type PasskeyCreationOptions,
  passkeyCreationOptions,
  type PasskeyRequestOptions,
  passkeyRequestOptions,
} from './passkey.schemas.ts'

const NAME = 'Sallyport'

/** A passkey as it is stored. */
export interface KnownPasskey {
  readonly credentialId: Uint8Array
  readonly publicKey: Uint8Array
  readonly transports: readonly string[]
}

/** A passkey that was proven to belong to who registers it. */
export interface NewPasskey {
  readonly credentialId: Uint8Array<ArrayBuffer>
  readonly publicKey: Uint8Array<ArrayBuffer>
  readonly counter: number
  readonly backedUp: boolean
}

/** Who registers: the handle is opaque, so that an authenticator gives no name away (WebAuthn §14.6.1). */
export interface PasskeyUser {
  readonly handle: Uint8Array<ArrayBuffer>
  readonly username: string
}

/**
 * This installation as WebAuthn sees it. Its id is the host name of the public URL: passkeys are worth nothing under
 * another one. User verification is preferred, not demanded: the password is the other factor.
 */
@Injectable()
export class RelyingParty {
  readonly #id: string
  readonly #origin: string

  constructor(@Inject(SETTINGS) settings: Settings) {
    const url = new URL(settings.AUTH_PUBLIC_URL)
    this.#id = url.hostname
    this.#origin = url.origin
  }

  async creationOptions(
    user: PasskeyUser,
    known: readonly KnownPasskey[],
    challenge: string,
    timeoutMs: number,
  ): Promise<PasskeyCreationOptions> {
    const options = await generateRegistrationOptions({
      rpName: NAME,
      rpID: this.#id,
      userID: user.handle,
      userName: user.username,
      userDisplayName: user.username,
      challenge: Uint8Array.from(Buffer.from(challenge, 'base64url')),
      timeout: timeoutMs,
      attestationType: 'none',
      excludeCredentials: known.map(descriptorOf),
      authenticatorSelection: { residentKey: 'preferred', userVerification: 'preferred' },
    })
    return passkeyCreationOptions.parse(options)
  }

  async requestOptions(
    known: readonly KnownPasskey[],
    challenge: string,
    timeoutMs: number,
  ): Promise<PasskeyRequestOptions> {
    const options = await generateAuthenticationOptions({
      rpID: this.#id,
      allowCredentials: known.map(descriptorOf),
      challenge: Uint8Array.from(Buffer.from(challenge, 'base64url')),
      timeout: timeoutMs,
      userVerification: 'preferred',
    })
    return passkeyRequestOptions.parse(options)
  }

  /** Checks a registration (WebAuthn §7.1); `undefined` when anything about it is not right. */
  async checkAttestation(response: PasskeyAttestation, challenge: string): Promise<NewPasskey | undefined> {
    return unlessItThrows(async () => {
      if (!hasNoChain(response)) return undefined
      const { verified, registrationInfo } = await verifyRegistrationResponse({
        response: { ...response, clientExtensionResults: {} },
        expectedChallenge: challenge,
        expectedOrigin: this.#origin,
        expectedRPID: this.#id,
        requireUserVerification: false,
      })
      if (!verified) return undefined
      const { credential, credentialBackedUp: backedUp } = registrationInfo
      return {
        credentialId: Uint8Array.from(Buffer.from(credential.id, 'base64url')),
        publicKey: Uint8Array.from(credential.publicKey),
        counter: credential.counter,
        backedUp,
      }
    })
  }

  /** Checks an assertion (WebAuthn §7.2); `undefined` when anything about it is not right. The counter is the caller's. */
  async checkAssertion(
    passkey: KnownPasskey,
    response: PasskeyAssertion,
    challenge: string,
  ): Promise<{ counter: number; backedUp: boolean } | undefined> {
    return unlessItThrows(async () => {
      // The caller has compared the handle.
      const { clientDataJSON, authenticatorData, signature } = response.response
      const signed = { clientDataJSON, authenticatorData, signature }
      const { verified, authenticationInfo } = await verifyAuthenticationResponse({
        response: { ...response, response: signed, clientExtensionResults: {} },
        expectedChallenge: challenge,
        expectedOrigin: this.#origin,
        expectedRPID: this.#id,
        // With 0 every counter passes: it is compared once the signature is known to be right.
        credential: { ...descriptorOf(passkey), publicKey: Uint8Array.from(passkey.publicKey), counter: 0 },
        requireUserVerification: false,
      })
      if (!verified) return undefined
      return { counter: authenticationInfo.newCounter, backedUp: authenticationInfo.credentialBackedUp }
    })
  }
}

/**
 * No attestation is asked for, so that a browser sends none, or one that the new key signed itself (WebAuthn §5.1.3 step
 * 22). A certificate chain is not looked at: checking it could mean to fetch what a stranger names.
 */
function hasNoChain(response: PasskeyAttestation): boolean {
  const attestation = decodeAttestationObject(
    Uint8Array.from(Buffer.from(response.response.attestationObject, 'base64url')),
  )
  const format = attestation.get('fmt')
  return format === 'none' || (format === 'packed' && attestation.get('attStmt').get('x5c') === undefined)
}

function descriptorOf({ credentialId, transports }: KnownPasskey): { id: string; transports: string[] } {
  return { id: Buffer.from(credentialId).toString('base64url'), transports: [...transports] }
}

/** The library throws for whatever it does not accept, from bytes that it cannot read to a wrong origin. */
async function unlessItThrows<Result>(check: () => Promise<Result | undefined>): Promise<Result | undefined> {
  try {
    return await check()
  } catch {
    return undefined
  }
}
