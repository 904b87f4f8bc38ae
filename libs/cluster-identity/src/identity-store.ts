import { createPrivateKey, randomUUID, X509Certificate } from 'node:crypto'
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'

import { type EnrolResponse, enrolResponse } from '@sallyport/contracts'
import { describeError, errorCode, SallyportError, Secret } from '@sallyport/foundation'

/** Key and enrolment answer are one file, so that no crash can leave a key beside another key's certificate. */
const FILE_NAME = 'identity.json'
const DIRECTORY_MODE = 0o700
const FILE_MODE = 0o600
const FORMAT_VERSION = 1

/** What a service keeps between its starts. */
export interface StoredIdentity {
  readonly privateKeyPem: Secret<string>
  readonly enrolment: EnrolResponse
}

/** The identity directory cannot be used; the message says what to do. */
export class IdentityDirectoryError extends SallyportError {}

/** Keeps a service's identity in a directory of its own (mode 0700, file 0600). */
export class IdentityStore {
  readonly directory: string
  readonly #file: string

  constructor(directory: string) {
    this.directory = directory
    this.#file = join(directory, FILE_NAME)
  }

  /** Makes the directory and proves that it can be written, before a join token is spent on it. */
  async prepare(): Promise<void> {
    const probe = join(this.directory, `.${randomUUID()}.tmp`)
    try {
      await mkdir(this.directory, { recursive: true, mode: DIRECTORY_MODE })
      await writeDurably(probe, '')
      await rm(probe)
    } catch (cause) {
      throw new IdentityDirectoryError(
        'identity-directory-unusable',
        `the identity directory ${this.directory} cannot be written (${describeError(cause)}): set IDENTITY_DIRECTORY to one that this user may write`,
        { cause },
      )
    }
  }

  /** Reads the identity; `undefined` when there is none yet. Throws `IdentityDirectoryError` when it is damaged. */
  async read(): Promise<StoredIdentity | undefined> {
    let text: string
    try {
      text = await readFile(this.#file, 'utf8')
    } catch (cause) {
      if (errorCode(cause) === 'ENOENT') return undefined
      throw new IdentityDirectoryError(
        'identity-directory-unusable',
        `the identity ${this.#file} cannot be read: ${describeError(cause)}`,
        { cause },
      )
    }
    try {
      return parseIdentity(text)
    } catch (cause) {
      throw new IdentityDirectoryError(
        'identity-damaged',
        `the identity ${this.#file} is damaged (${describeError(cause)}): delete the directory ${this.directory}, ` +
          'make a new join token with POST /api/v1/platform/join-tokens and start again with JOIN_TOKEN set to it',
        { cause },
      )
    }
  }

  /** Replaces the identity; after a crash either the old or the new one is there, whole. */
  async write(identity: StoredIdentity): Promise<void> {
    const temporary = join(this.directory, `.${randomUUID()}.tmp`)
    const content = {
      version: FORMAT_VERSION,
      privateKey: identity.privateKeyPem.reveal(),
      enrolment: identity.enrolment,
    }
    try {
      await writeDurably(temporary, `${JSON.stringify(content, undefined, 2)}\n`)
      await rename(temporary, this.#file)
    } catch (cause) {
      await rm(temporary, { force: true })
      throw new IdentityDirectoryError(
        'identity-directory-unusable',
        `the identity ${this.#file} cannot be written: ${describeError(cause)}`,
        { cause },
      )
    }
  }
}

/** Throws unless the certificate belongs to the key and was signed by the enrolment's cluster CA. */
export function assertConsistent(identity: StoredIdentity): void {
  const certificate = new X509Certificate(identity.enrolment.certificate)
  if (!certificate.checkPrivateKey(createPrivateKey(identity.privateKeyPem.reveal()))) {
    throw new SallyportError('identity-mismatch', 'the certificate does not belong to the key')
  }
  if (!certificate.verify(new X509Certificate(identity.enrolment.clusterCa).publicKey)) {
    throw new SallyportError('identity-mismatch', 'the certificate is not signed by the cluster CA')
  }
}

function parseIdentity(text: string): StoredIdentity {
  const content = parseObject(text)
  if (content.version !== FORMAT_VERSION) throw new SallyportError('identity-damaged', 'unknown format version')
  if (typeof content.privateKey !== 'string') throw new SallyportError('identity-damaged', 'the key is missing')
  const enrolment = enrolResponse.safeParse(content.enrolment)
  if (!enrolment.success) throw new SallyportError('identity-damaged', 'the enrolment answer is incomplete')
  const identity = { privateKeyPem: new Secret(content.privateKey), enrolment: enrolment.data }
  assertConsistent(identity)
  return identity
}

/** The parser's own message may quote the content, which holds the key: it goes nowhere. */
function parseObject(text: string): { version?: unknown; privateKey?: unknown; enrolment?: unknown } {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new SallyportError('identity-damaged', 'it is not JSON')
  }
  if (typeof value !== 'object' || value === null) throw new SallyportError('identity-damaged', 'it is not an object')
  return value
}

async function writeDurably(path: string, content: string): Promise<void> {
  const file = await open(path, 'wx', FILE_MODE)
  try {
    await file.writeFile(content)
    await file.sync()
  } finally {
    await file.close()
  }
}
