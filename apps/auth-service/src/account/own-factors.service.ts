import { Inject, Injectable } from '@nestjs/common'
import type { User } from '@sallyport/database'
import type { Clock } from '@sallyport/foundation'
import { generateTotpSecret, totpUri } from '@sallyport/identity'
import type { FactorMethod } from '@sallyport/mfa-policy'
import QRCode from 'qrcode'

import type { FactorsView, TotpEnrolment } from '../factors/factors.schemas.ts'
import { Factors } from '../factors/factors.ts'
import { Passkeys, passkeyViewOf } from '../factors/passkeys.ts'
import { RecoveryCodes } from '../factors/recovery-codes.ts'
import { SecondFactor, totpNameOf } from '../factors/second-factor.ts'
import type { Actor } from '../http/access.ts'
import { ApiProblem } from '../http/api-problem.ts'
import { CLOCK } from '../runtime/tokens.ts'
import { enrolmentOf, type PortalLook } from '../sign-in/portal-policy.ts'
import { OwnAccount } from './own-account.ts'
import { OwnSecrets } from './own-secrets.ts'

/** What signed-in people do with their own second factors. */
@Injectable()
export class OwnFactorsService {
  readonly #own: OwnAccount
  readonly #factors: Factors
  readonly #totp: SecondFactor
  readonly #passkeys: Passkeys
  readonly #recoveryCodes: RecoveryCodes
  readonly #secrets: OwnSecrets
  readonly #clock: Clock

  constructor(
    @Inject(OwnAccount) own: OwnAccount,
    @Inject(Factors) factors: Factors,
    @Inject(SecondFactor) totp: SecondFactor,
    @Inject(Passkeys) passkeys: Passkeys,
    @Inject(RecoveryCodes) recoveryCodes: RecoveryCodes,
    @Inject(OwnSecrets) secrets: OwnSecrets,
    @Inject(CLOCK) clock: Clock,
  ) {
    this.#own = own
    this.#factors = factors
    this.#totp = totp
    this.#passkeys = passkeys
    this.#recoveryCodes = recoveryCodes
    this.#secrets = secrets
    this.#clock = clock
  }

  show(actor: Actor): Promise<FactorsView> {
    return this.#own.run(actor, async ({ session, user, look }) => ({
      policy: { mfa: look.policy.mfa, methods: [...look.policy.methods] },
      ...enrolmentOf(look),
      totp: { enrolledAt: user.totpConfirmedAt?.toISOString() ?? null },
      passkeys: (await this.#passkeys.listIn(session, user)).map(passkeyViewOf),
      recoveryCodes: await this.#recoveryCodes.countOf(session, user),
    }))
  }

  /** Says whether the user has a factor, to which nobody else at the screen must add one. */
  hasFactor(actor: Actor): Promise<boolean> {
    return this.#own.run(actor, ({ look }) => look.enrolled.length > 0)
  }

  /**
   * Makes a secret that counts only once a code of it was confirmed, or gives the one that the session began (`pending`)
   * again, as two tabs and a reloaded page need it. Nobody else is shown a secret that somebody may be about to confirm.
   */
  beginTotp(actor: Actor, pending: string | undefined): Promise<BegunTotp> {
    return this.#own.run(actor, async ({ session, user, tenant, look }) => {
      refuseUnaccepted(look, 'totp')
      refuseSecondTotp(user)
      const { tenantId, id } = user
      const begun = begunIn(pending, user)
      const sealed = begun ?? this.#totp.seal(user, generateTotpSecret())
      const where = { tenantId, id, totpConfirmedAt: null }
      if (begun === undefined) await session.user.updateMany({ where, data: { totpSecret: sealed } })
      const secret = this.#totp.open(user, sealed)
      const uri = totpUri({ secret, issuer: `Sallyport ${tenant.name}`, account: user.username })
      const qrSvg = await QRCode.toString(uri, { type: 'svg', errorCorrectionLevel: 'M', margin: 2 })
      return { enrolment: { secret, uri, qrSvg }, name: totpNameOf(sealed) }
    })
  }

  /** Enrols the authenticator app by a code of the secret that the session began, and of no other. */
  async confirmTotp(actor: Actor, pending: string | undefined, source: string, code: string): Promise<void> {
    const begun = await this.#own.run(actor, ({ user }) => user)
    refuseSecondTotp(begun)
    const { tenantId, id, tokenGeneration } = begun
    if (begun.totpSecret === null) throw new ApiProblem(409, 'totp-not-begun', 'Please ask for a secret first.')
    const totpSecret = begunIn(pending, begun)
    if (totpSecret === undefined) throw begunElsewhere()
    const message = 'The code is not right. Please give the one that your app shows now.'
    const isRight = async (): Promise<boolean> => (await this.#totp.use(begun, code)) === 'accepted'
    await this.#secrets.demand(begun, source, code, new ApiProblem(400, 'wrong-otp', message), isRight)
    await this.#own.run(actor, async ({ session, audit }) => {
      // The very secret whose code was checked: another one may have been made meanwhile.
      const where = { tenantId, id, tokenGeneration, totpConfirmedAt: null, totpSecret }
      const data = { totpConfirmedAt: new Date(this.#clock.now()) }
      if ((await session.user.updateMany({ where, data })).count !== 1) throw changedMeanwhile()
      await audit({ action: 'user.enrol-totp' })
    })
  }

  removeTotp(actor: Actor): Promise<void> {
    return this.#own.run(actor, async ({ session, user, audit }) => {
      if (user.totpConfirmedAt === null) throw new ApiProblem(404, 'not-found', 'No authenticator app is enrolled.')
      const { tenantId, id } = user
      await session.user.updateMany({ where: { tenantId, id }, data: { totpSecret: null, totpConfirmedAt: null } })
      await this.#factors.removeLeftCodes(session, { ...user, totpConfirmedAt: null })
      await audit({ action: 'user.remove-totp' })
    })
  }

  /** Makes a set of recovery codes in place of the one before; `permit` hears whether there was none, and throws. */
  makeRecoveryCodes(actor: Actor, permit: (isFirstSet: boolean) => void): Promise<readonly string[]> {
    return this.#own.run(actor, async ({ session, user, look, audit }) => {
      refuseUnaccepted(look, 'recovery-code')
      if (look.enrolled.length === 0) {
        const message = 'Recovery codes stand in for a second factor. Please enrol one first.'
        throw new ApiProblem(409, 'no-factor', message)
      }
      permit((await this.#recoveryCodes.countOf(session, user)).of === 0)
      const codes = await this.#recoveryCodes.replace(session, user)
      await audit({ action: 'user.make-recovery-codes' })
      return codes
    })
  }
}

/** A secret for an authenticator app, and the name under which a session remembers it. */
interface BegunTotp {
  readonly enrolment: TotpEnrolment
  readonly name: string
}

/** Gives the sealed secret that a session began, when it is still the user's. */
function begunIn(pending: string | undefined, { totpSecret }: User): Uint8Array<ArrayBuffer> | undefined {
  return totpSecret !== null && totpNameOf(totpSecret) === pending ? totpSecret : undefined
}

/** Throws the 409 when the policy would not accept what somebody is about to enrol. */
export function refuseUnaccepted({ policy }: PortalLook, method: FactorMethod): void {
  if (policy.mfa === 'off' || policy.methods.includes(method)) return
  throw new ApiProblem(409, 'method-not-allowed', 'Your organisation does not accept this kind of second factor.')
}

function refuseSecondTotp({ totpConfirmedAt }: User): void {
  if (totpConfirmedAt === null) return
  throw new ApiProblem(
    409,
    'totp-already-enrolled',
    'An authenticator app is enrolled already. Please remove it first.',
  )
}

function begunElsewhere(): ApiProblem {
  const message = 'The set-up was begun again in another browser. Please ask for a secret once more, and use that one.'
  return new ApiProblem(409, 'totp-begun-elsewhere', message)
}

function changedMeanwhile(): ApiProblem {
  return new ApiProblem(409, 'changed-meanwhile', 'This account was changed meanwhile. Please try again.')
}
