import { Inject, Injectable } from '@nestjs/common'
import { Database, type Passkey, type TenantSession } from '@sallyport/database'
import type { Clock } from '@sallyport/foundation'
import { z } from 'zod'

import { recordAudit } from '../audit/audit-log.ts'
import { CLOCK } from '../runtime/tokens.ts'
import type { FactorOwner } from './factors.ts'
import type { PasskeyAssertion, PasskeyRequestOptions, PasskeyView } from './passkey.schemas.ts'
import { RelyingParty } from './relying-party.ts'

const clientData = z.object({ challenge: z.string() })

/** What an assertion proves: its user, nothing, or that somebody else may have a copy of the key. */
export type AssertionResult = 'accepted' | 'wrong' | 'copied'

/** Passkeys of users, as a second factor. */
@Injectable()
export class Passkeys {
  readonly #database: Database
  readonly #relyingParty: RelyingParty
  readonly #clock: Clock

  constructor(
    @Inject(Database) database: Database,
    @Inject(RelyingParty) relyingParty: RelyingParty,
    @Inject(CLOCK) clock: Clock,
  ) {
    this.#database = database
    this.#relyingParty = relyingParty
    this.#clock = clock
  }

  listIn(session: TenantSession, { tenantId, id: userId }: FactorOwner): Promise<Passkey[]> {
    return session.passkey.findMany({ where: { tenantId, userId }, orderBy: [{ createdAt: 'asc' }, { id: 'asc' }] })
  }

  list(owner: FactorOwner): Promise<Passkey[]> {
    return this.#database.withTenant(owner.tenantId, (session) => this.listIn(session, owner))
  }

  /** What the browser needs to ask for one of the user's passkeys. */
  async requestOptions(owner: FactorOwner, challenge: string, seconds: number): Promise<PasskeyRequestOptions> {
    return this.#relyingParty.requestOptions(await this.list(owner), challenge, seconds * 1000)
  }

  /** Checks an assertion to this challenge; a passkey of anybody else is as wrong as one that does not exist. */
  async use(owner: FactorOwner, response: PasskeyAssertion, challenge: string): Promise<AssertionResult> {
    const { tenantId, id: userId } = owner
    const credentialId = Uint8Array.from(Buffer.from(response.id, 'base64url'))
    const passkey = await this.#database.withTenant(tenantId, (session) =>
      session.passkey.findFirst({ where: { tenantId, userId, credentialId } }),
    )
    const { userHandle } = response.response
    if (passkey === null || (userHandle !== undefined && userHandle !== handleTextOf(owner))) return 'wrong'
    const checked = await this.#relyingParty.checkAssertion(passkey, response, challenge)
    return checked === undefined ? 'wrong' : this.#count(passkey, checked)
  }

  /**
   * Stores the counter of a right assertion. One that did not move on, where either side counts, means that two
   * authenticators have the key (WebAuthn §7.2 step 22): refused, and written down.
   */
  async #count(
    passkey: Passkey,
    { counter, backedUp }: { counter: number; backedUp: boolean },
  ): Promise<AssertionResult> {
    const { tenantId, id, userId } = passkey
    return this.#database.withTenant(tenantId, async (session) => {
      const before = counter === 0 ? { counter: 0 } : { counter: { lt: counter } }
      const data = { counter, backedUp, lastUsedAt: new Date(this.#clock.now()) }
      const moved = await session.passkey.updateMany({ where: { tenantId, id, ...before }, data })
      if (moved.count === 1) return 'accepted'
      await recordAudit(session, tenantId, {
        actor: `user:${userId}`,
        action: 'passkey.counter-went-back',
        target: `passkey:${id}`,
        outcome: 'passkey-copied',
        userId,
        details: { knownCounter: Number(passkey.counter), shownCounter: counter },
      })
      return 'copied'
    })
  }
}

/** What users see of one of their passkeys. */
export function passkeyViewOf({ id: passkeyId, name, backedUp, createdAt, lastUsedAt }: Passkey): PasskeyView {
  const times = { createdAt: createdAt.toISOString(), lastUsedAt: lastUsedAt?.toISOString() ?? null }
  return { passkeyId, name, backedUp, ...times }
}

/** The handle under which an authenticator keeps a user's passkey: 16 bytes that name nobody. */
export function handleOf({ id }: FactorOwner): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(Buffer.from(id.replaceAll('-', ''), 'hex'))
}

function handleTextOf(owner: FactorOwner): string {
  return Buffer.from(handleOf(owner)).toString('base64url')
}

/** Reads which challenge a browser answered, unverified: only to find what was kept for it. */
export function challengeOf(response: { readonly clientDataJSON: string }): string | undefined {
  try {
    const read: unknown = JSON.parse(Buffer.from(response.clientDataJSON, 'base64url').toString())
    return clientData.safeParse(read).data?.challenge
  } catch {
    return undefined
  }
}
