import { useQueryClient, useSuspenseQuery } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { type JSX, useState } from 'react'
import { useTranslations } from 'use-intl'

import { askAnew, meQuery } from '../session/me.ts'
import { hasFactor, type OwnFactors, ownFactorsQuery } from '../session/own-factors.ts'
import { PasskeySetup } from '../session/passkey-setup.tsx'
import { ReauthenticationProvider } from '../session/reauthentication.tsx'
import { TotpSetup } from '../session/totp-setup.tsx'
import { useRecoveryCodes } from '../session/use-recovery-codes.ts'
import { type TotpEnrolment, useTotpEnrolment } from '../session/use-totp-enrolment.ts'
import { Card } from '../ui/layout.tsx'
import { EntryPage } from './entry-page.tsx'
import { FactorChoice } from './factor-choice.tsx'
import { RecoveryStep } from './recovery-step.tsx'
import { SignedInAs } from './signed-in-as.tsx'

const route = getRouteApi('/plain/enrol')

/** Has somebody set up the second factor that their organisation demands, and keep recovery codes for it. */
export function EnrolPage(): JSX.Element {
  return (
    <ReauthenticationProvider>
      <Enrolment />
    </ReauthenticationProvider>
  )
}

function Enrolment(): JSX.Element {
  const t = useTranslations('entry')
  const { next = '/' } = route.useSearch()
  const { data: me } = useSuspenseQuery(meQuery)
  const { data: factors } = useSuspenseQuery(ownFactorsQuery)
  const queries = useQueryClient()
  const navigate = useNavigate()
  // Whoever comes back after a lost connection goes on where they were.
  const [isEnrolled, setEnrolled] = useState(() => hasFactor(factors))
  const codes = useRecoveryCodes()
  const takesCodes = factors.policy.methods.includes('recovery-code')
  const goOn = async (): Promise<void> => {
    await askAnew(queries)
    await navigate({ href: next, replace: true })
  }
  const enrolled = (): void => {
    setEnrolled(true)
    void (takesCodes ? codes.make() : goOn())
  }
  return (
    <EntryPage
      title={isEnrolled ? t('enrol.codesTitle') : t('enrol.title')}
      lead={isEnrolled ? undefined : t('enrol.why')}
      branding={me.branding}
      tenantName={me.tenant.name}
    >
      <Card>
        {isEnrolled ? (
          <RecoveryStep
            recoveryCodes={codes}
            hasSome={factors.recoveryCodes.of > 0}
            owner={`${me.user.username}, ${me.tenant.name}`}
            onFinished={() => void goOn()}
          />
        ) : (
          <FactorSteps factors={factors} onEnrolled={enrolled} />
        )}
      </Card>
      <SignedInAs username={me.user.username} />
    </EntryPage>
  )
}

interface FactorStepsProps {
  readonly factors: OwnFactors
  readonly onEnrolled: () => void
}

function FactorSteps({ factors, onEnrolled }: FactorStepsProps): JSX.Element {
  const t = useTranslations('session')
  const [isPasskey, setPasskey] = useState<boolean>()
  const enrolment: TotpEnrolment = useTotpEnrolment()
  if (enrolment.secret !== undefined) {
    return <TotpSetup enrolment={enrolment} secret={enrolment.secret} onEnrolled={onEnrolled} back={t('otherWay')} />
  }
  if (isPasskey === true) {
    return (
      <PasskeySetup
        onAdded={onEnrolled}
        back={t('otherWay')}
        onBack={() => {
          setPasskey(false)
        }}
      />
    )
  }
  return (
    <FactorChoice
      methods={factors.policy.methods}
      enrolment={enrolment}
      hasFocus={isPasskey === false || enrolment.isGivenUp}
      onPasskey={() => {
        setPasskey(true)
      }}
    />
  )
}
