import {
  browserSupportsWebAuthn,
  type PublicKeyCredentialCreationOptionsJSON,
  type PublicKeyCredentialRequestOptionsJSON,
  type RegistrationResponseJSON,
  startAuthentication,
  startRegistration,
  WebAuthnError,
} from '@simplewebauthn/browser'

type Assertion = Awaited<ReturnType<typeof startAuthentication>>

/** No passkey came: the browser knows none, or the person gave up. `reason` is a text of the catalogue's `session`. */
export class PasskeyUnavailableError extends Error {
  readonly reason: 'passkeyUnsupported' | 'passkeyCancelled' | 'passkeyKnown'

  constructor(reason: PasskeyUnavailableError['reason'], cause?: unknown) {
    super(reason, { cause })
    this.reason = reason
  }
}

/** Whether this browser, at this address, knows passkeys. */
export function knowsPasskeys(): boolean {
  return window.isSecureContext && browserSupportsWebAuthn()
}

/** Asks for a passkey with the options of the service; throws `PasskeyUnavailableError`. */
export async function askForPasskey(options: { readonly challenge: string } | undefined): Promise<Assertion> {
  if (!knowsPasskeys() || !isRequest(options)) throw new PasskeyUnavailableError('passkeyUnsupported')
  return unlessGivenUp(() => startAuthentication({ optionsJSON: options }))
}

/** Makes a passkey with the options of the service; throws `PasskeyUnavailableError`. */
export async function makePasskey(options: { readonly challenge: string }): Promise<RegistrationResponseJSON> {
  if (!knowsPasskeys() || !isCreation(options)) throw new PasskeyUnavailableError('passkeyUnsupported')
  return unlessGivenUp(() => startRegistration({ optionsJSON: options }))
}

async function unlessGivenUp<Result>(ask: () => Promise<Result>): Promise<Result> {
  try {
    return await ask()
  } catch (error) {
    if (error instanceof WebAuthnError && error.code === 'ERROR_AUTHENTICATOR_PREVIOUSLY_REGISTERED') {
      throw new PasskeyUnavailableError('passkeyKnown', error)
    }
    if (error instanceof WebAuthnError || error instanceof DOMException) {
      throw new PasskeyUnavailableError('passkeyCancelled', error)
    }
    throw error
  }
}

/** The service writes the options by the same standard (WebAuthn level 3, §5.1.9); the browser checks them again. */
function isRequest(options: object | undefined): options is PublicKeyCredentialRequestOptionsJSON {
  return options !== undefined && 'challenge' in options
}

function isCreation(options: object): options is PublicKeyCredentialCreationOptionsJSON {
  return 'challenge' in options && 'rp' in options && 'user' in options
}
