import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'

import { type CborValue, encodeCbor } from './cbor.ts'
import type { Attester } from './throwaway-attestation.ts'

/** WebAuthn §6.1: bits of the flags in authenticator data. */
const FLAGS = { userPresent: 0x01, userVerified: 0x04, backupEligible: 0x08, backedUp: 0x10, attested: 0x40 } as const
const AAGUID = Buffer.alloc(16)
const CREDENTIAL_ID_BYTES = 32
/** RFC 9053: an ES256 key in COSE. */
const ES256 = -7
const COSE_EC2 = { kty: [1, 2], alg: [3, ES256], crv: [-1, 1], x: -2, y: -3 } as const

/** What an authenticator is told, or says, other than it should: for what must be refused. */
export interface Misuse {
  readonly origin?: string
  readonly rpId?: string
  readonly challenge?: string
  readonly type?: string
  readonly counter?: number
  readonly credentialId?: Uint8Array
  readonly userPresent?: boolean
  readonly userHandle?: string
  /** An attestation that names who made the authenticator, with a certificate (WebAuthn §8.2). */
  readonly attester?: Attester
  /** The signature belongs to other bytes. */
  readonly breakSignature?: boolean
}

/** `PublicKeyCredential.toJSON()` after `create()`. */
export interface AttestationJson {
  readonly id: string
  readonly rawId: string
  readonly type: 'public-key'
  readonly response: {
    readonly clientDataJSON: string
    readonly attestationObject: string
    readonly transports: string[]
  }
  readonly clientExtensionResults: object
}

/** `PublicKeyCredential.toJSON()` after `get()`. */
export interface AssertionJson {
  readonly id: string
  readonly rawId: string
  readonly type: 'public-key'
  readonly response: {
    readonly clientDataJSON: string
    readonly authenticatorData: string
    readonly signature: string
    readonly userHandle: string | null
  }
  readonly clientExtensionResults: object
}

/** A browser with an authenticator that has one passkey (ES256, no attestation), written from the WebAuthn standard alone. */
export class SoftwareAuthenticator {
  readonly credentialId: Buffer = randomBytes(CREDENTIAL_ID_BYTES)
  readonly #key: KeyObject
  readonly #origin: string
  readonly #rpId: string
  readonly #userVerified: boolean
  #counter: number
  #userHandle = ''

  /** One that does not count keeps the counter at 0, as passkeys that are synchronised do. */
  constructor(origin: string, { counts = true, userVerified = true } = {}) {
    this.#key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
    this.#origin = origin
    this.#rpId = new URL(origin).hostname
    this.#counter = counts ? 1 : 0
    this.#userVerified = userVerified
  }

  /** Answers creation options (WebAuthn §5.1.3, §6.3.2). */
  create(
    options: { readonly challenge: string; readonly user: { readonly id: string } },
    misuse: Misuse = {},
  ): AttestationJson {
    this.#userHandle = options.user.id
    const credentialId = misuse.credentialId ?? this.credentialId
    const length = Buffer.alloc(2)
    length.writeUInt16BE(credentialId.length)
    const attested = Buffer.concat([AAGUID, length, credentialId, encodeCbor(this.#coseKey())])
    const authData = Buffer.concat([this.#authenticatorData(misuse, FLAGS.attested), attested])
    const clientData = this.#clientData('webauthn.create', options.challenge, misuse)
    return {
      ...idOf(credentialId),
      response: {
        clientDataJSON: clientData.toString('base64url'),
        attestationObject: attestationObject(authData, clientData, misuse.attester).toString('base64url'),
        transports: ['internal', 'hybrid'],
      },
    }
  }

  /** Answers request options (WebAuthn §5.1.4, §6.3.3). */
  get(options: { readonly challenge: string }, misuse: Misuse = {}): AssertionJson {
    if (this.#counter > 0) this.#counter += 1
    const authenticatorData = this.#authenticatorData(misuse, 0)
    const clientData = this.#clientData('webauthn.get', options.challenge, misuse)
    const signed = Buffer.concat([authenticatorData, sha256(clientData)])
    const signature = sign('sha256', misuse.breakSignature === true ? Buffer.from('something else') : signed, this.#key)
    return {
      ...idOf(misuse.credentialId ?? this.credentialId),
      response: {
        clientDataJSON: clientData.toString('base64url'),
        authenticatorData: authenticatorData.toString('base64url'),
        signature: signature.toString('base64url'),
        userHandle: misuse.userHandle ?? (this.#userHandle === '' ? null : this.#userHandle),
      },
    }
  }

  #authenticatorData({ rpId = this.#rpId, counter = this.#counter, userPresent = true }: Misuse, more: number): Buffer {
    const present = userPresent ? FLAGS.userPresent : 0
    const verified = this.#userVerified ? FLAGS.userVerified : 0
    const tail = Buffer.alloc(5)
    tail.writeUInt8(present | verified | FLAGS.backupEligible | FLAGS.backedUp | more)
    tail.writeUInt32BE(counter, 1)
    return Buffer.concat([sha256(Buffer.from(rpId)), tail])
  }

  #clientData(type: string, challenge: string, misuse: Misuse): Buffer {
    const data = {
      type: misuse.type ?? type,
      challenge: misuse.challenge ?? challenge,
      origin: misuse.origin ?? this.#origin,
    }
    return Buffer.from(JSON.stringify({ ...data, crossOrigin: false }))
  }

  #coseKey(): Map<number, number | Uint8Array> {
    const { x = '', y = '' } = this.#key.export({ format: 'jwk' })
    return new Map<number, number | Uint8Array>([
      [...COSE_EC2.kty],
      [...COSE_EC2.alg],
      [...COSE_EC2.crv],
      [COSE_EC2.x, Buffer.from(x, 'base64url')],
      [COSE_EC2.y, Buffer.from(y, 'base64url')],
    ])
  }
}

/** WebAuthn §6.5: without attestation, or in the format "packed" with a certificate. */
function attestationObject(authData: Buffer, clientData: Buffer, attester: Attester | undefined): Buffer {
  const statement = new Map<string, CborValue>()
  if (attester !== undefined) {
    const { certificate, key } = attester
    statement.set('alg', ES256)
    statement.set('sig', sign('sha256', Buffer.concat([authData, sha256(clientData)]), key))
    statement.set('x5c', [certificate])
  }
  return encodeCbor(
    new Map<string, CborValue>([
      ['fmt', attester === undefined ? 'none' : 'packed'],
      ['attStmt', statement],
      ['authData', authData],
    ]),
  )
}

function idOf(credentialId: Uint8Array): Pick<AssertionJson, 'id' | 'rawId' | 'type' | 'clientExtensionResults'> {
  const id = Buffer.from(credentialId).toString('base64url')
  return { id, rawId: id, type: 'public-key', clientExtensionResults: {} }
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest()
}
