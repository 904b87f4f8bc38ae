import type { operations } from '@sallyport/api-client'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { CircleCheck, ShieldX } from 'lucide-react'
import { type JSX, useEffect, useState } from 'react'
import { useTranslations } from 'use-intl'

import { meQuery } from '../session/me.ts'
import { onOtherTab } from '../session/other-tabs.ts'
import { LinkButton } from '../ui/button.tsx'
import { Card, Facts, Skeleton, Stack } from '../ui/layout.tsx'
import { Approval } from './approval.tsx'
import styles from './entry.module.css'
import { EntryPage } from './entry-page.tsx'
import { ExpiredConnection } from './expired-connection.tsx'
import { OtherPerson } from './other-person.tsx'
import { SignInSteps } from './sign-in-steps.tsx'
import { useTimeLeft } from './use-time-left.ts'

/** A connection that waits for its user. */
export type Waiting = operations['connectShow']['responses'][200]['content']['application/json']

interface WaitingConnectionProps {
  readonly state: string
  readonly waiting: Waiting
}

/** Says what waits, has its user sign in where they have not yet, and asks them. */
export function WaitingConnection({ state, waiting }: WaitingConnectionProps): JSX.Element {
  const t = useTranslations('entry')
  const { tenant, branding, username, deviceName, remoteAddress, expiresInSeconds } = waiting
  const [outcome, setOutcome] = useState<'approved' | 'declined' | 'expired'>()
  const left = useTimeLeft(expiresInSeconds)
  const page = { branding, tenantName: tenant.name }
  if (outcome === 'approved' || outcome === 'declined') {
    return (
      <EntryPage title={t(`connect.${outcome}Title`)} {...page}>
        <Card>
          <div className={styles.finished} role="status">
            {outcome === 'approved' ? (
              <CircleCheck size={56} aria-hidden="true" className={styles.good} />
            ) : (
              <ShieldX size={56} aria-hidden="true" className={styles.bad} />
            )}
            <p>{t(`connect.${outcome}`)}</p>
          </div>
          {outcome === 'declined' ? (
            <LinkButton to="/security" variant="primary" wide>
              {t('connect.changePassword')}
            </LinkButton>
          ) : null}
        </Card>
      </EntryPage>
    )
  }
  if (outcome === 'expired' || left === 0) {
    return (
      <EntryPage title={t('connect.title')} {...page}>
        <Card>
          <ExpiredConnection />
        </Card>
      </EntryPage>
    )
  }
  return (
    <EntryPage title={t('connect.title')} lead={t('connect.lead')} {...page}>
      <Card>
        <Facts
          entries={[
            [t('connect.device'), deviceName],
            [t('connect.user'), `${username} (${tenant.name})`],
            [t('connect.address'), remoteAddress],
            [t('connect.left'), <span key="left">{t('connect.minutesLeft', { minutes: Math.ceil(left / 60) })}</span>],
          ]}
        />
        <Question
          state={state}
          waiting={waiting}
          onApproved={() => {
            setOutcome('approved')
          }}
          onDeclined={() => {
            setOutcome('declined')
          }}
          onExpired={() => {
            setOutcome('expired')
          }}
        />
      </Card>
    </EntryPage>
  )
}

interface QuestionProps extends WaitingConnectionProps {
  readonly onApproved: () => void
  readonly onDeclined: () => void
  readonly onExpired: () => void
}

function Question({ state, waiting, ...outcomes }: QuestionProps): JSX.Element {
  const t = useTranslations('entry')
  const queries = useQueryClient()
  const { tenant, username } = waiting
  // Whoever signs in or out in another tab does so here.
  useEffect(() => onOtherTab(() => void queries.invalidateQueries({ queryKey: meQuery.queryKey })), [queries])
  const { data: me, isPending, isError } = useQuery({ ...meQuery, staleTime: 0, retry: false })
  if (isPending) return <Skeleton lines={4} />
  if (me === undefined || isError) {
    return (
      <Stack>
        <p>{t('connect.signIn')}</p>
        <SignInSteps
          account={{ tenant: tenant.slug, username }}
          isFixed
          hidesTenant
          onSignedIn={() => queries.invalidateQueries({ queryKey: meQuery.queryKey })}
        />
      </Stack>
    )
  }
  if (me.user.username !== username || me.tenant.slug !== tenant.slug) {
    return <OtherPerson me={me} username={username} />
  }
  return <Approval state={state} me={me} {...outcomes} />
}
