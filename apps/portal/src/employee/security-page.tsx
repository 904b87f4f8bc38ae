import { useQuery } from '@tanstack/react-query'
import type { JSX } from 'react'
import { useTranslations } from 'use-intl'

import { useMe } from '../session/me.ts'
import { ownFactorsQuery } from '../session/own-factors.ts'
import { ProblemNotice } from '../session/problem-notice.tsx'
import { Card, Facts, Page, Skeleton } from '../ui/layout.tsx'
import { PasskeysCard } from './passkeys-card.tsx'
import { PasswordCard } from './password-card.tsx'
import { RecoveryCodesCard } from './recovery-codes-card.tsx'
import { SessionsCard } from './sessions-card.tsx'
import { TokensCard } from './tokens-card.tsx'
import { TotpCard } from './totp-card.tsx'

/** Shows the reader's account, and how they prove that it is theirs. */
export function SecurityPage(): JSX.Element {
  const t = useTranslations('employee')
  const { user, tenant } = useMe()
  const { data: factors, error } = useQuery(ownFactorsQuery)
  return (
    <Page title={t('security.title')}>
      <Card title={t('security.account')}>
        <Facts
          entries={[
            [t('security.name'), user.displayName],
            [t('security.username'), user.username],
            [t('security.email'), user.email],
            [t('security.organisation'), tenant.name],
          ]}
        />
      </Card>
      <PasswordCard />
      {factors === undefined ? (
        <Card>{error === null ? <Skeleton lines={8} /> : <ProblemNotice problem={error} />}</Card>
      ) : (
        <>
          <TotpCard factors={factors} />
          <PasskeysCard factors={factors} />
          <RecoveryCodesCard factors={factors} />
        </>
      )}
      <SessionsCard />
      <TokensCard />
    </Page>
  )
}
