import { Module } from '@nestjs/common'

import { Factors } from './factors.ts'
import { PasskeyEnrolment } from './passkey-enrolment.ts'
import { Passkeys } from './passkeys.ts'
import { RecoveryCodes } from './recovery-codes.ts'
import { RelyingParty } from './relying-party.ts'
import { SecondFactor } from './second-factor.ts'

/** What proves users besides their password. Knows nothing of sign-ins, so that users, sign-ins and connections use it. */
@Module({
  providers: [Factors, PasskeyEnrolment, Passkeys, RecoveryCodes, RelyingParty, SecondFactor],
  exports: [Factors, PasskeyEnrolment, Passkeys, RecoveryCodes, SecondFactor],
})
export class FactorsModule {}
