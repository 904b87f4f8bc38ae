import { type operations, refusalOf } from '@sallyport/api-client'
import { useQuery } from '@tanstack/react-query'
import { ChevronRight } from 'lucide-react'
import type { JSX, ReactNode } from 'react'
import { useMessages, useTranslations } from 'use-intl'

import { useProblemText } from '../../api/problem-text.ts'
import { Badge } from '../../ui/badge.tsx'
import { Card, Facts, Muted, Skeleton } from '../../ui/layout.tsx'
import { Notice } from '../../ui/notice.tsx'
import { DateTime } from '../../ui/time.tsx'
import { CheckList } from './check-list.tsx'
import styles from './user-attempts.module.css'
import { userAttemptsQuery } from './user-queries.ts'

type Attempt = operations['explainOfUser']['responses'][200]['content']['application/json']['items'][number]

const TONES = { allowed: 'success', asked: 'info', refused: 'danger' } as const

/** Says why a user could or could not come in, each of the last times. */
export function UserAttempts({ userId }: { readonly userId: string }): JSX.Element {
  const t = useTranslations('people.attempts')
  const problemText = useProblemText()
  const { data, error } = useQuery(userAttemptsQuery(userId))
  return (
    <Card title={t('title')} lead={t('lead')}>
      {error === null ? null : <Notice tone="danger">{problemText(error)}</Notice>}
      {data === undefined && error === null ? <Skeleton lines={4} /> : null}
      {data?.items.length === 0 ? <Muted>{t('none')}</Muted> : null}
      <ul className={styles.list}>
        {data?.items.map((attempt) => (
          <li key={attempt.eventId}>
            <AttemptEntry attempt={attempt} />
          </li>
        ))}
      </ul>
    </Card>
  )
}

function AttemptEntry({ attempt }: { readonly attempt: Attempt }): JSX.Element {
  const t = useTranslations('people.attempts')
  const explanation = useExplanation()
  const told = useTold()
  const { at, kind, result, outcome, source, country, client, device, network, node, checks } = attempt
  return (
    <details className={styles.attempt}>
      <summary>
        <ChevronRight size={16} aria-hidden="true" className={styles.mark} />
        <span className={styles.head}>
          <Badge tone={TONES[result]}>{t(`results.${result}`)}</Badge>
          <span>{t(`kinds.${kind}`)}</span>
          <Muted>
            <DateTime at={at} />
          </Muted>
        </span>
        <span className={styles.why}>{explanation(attempt)}</span>
      </summary>
      <div className={styles.more}>
        <Facts
          entries={[
            [t('source'), country === null ? source : t('sourceInCountry', { source: source ?? '', country })],
            [t('device'), device?.name ?? device?.deviceId],
            [t('client'), client],
            [t('network'), network],
            [t('node'), node],
            [t('told'), told(attempt)],
            [t('code'), <code key="code">{outcome}</code>],
          ]}
        />
        <h3>{t('checks')}</h3>
        {checks.length === 0 ? <Muted>{t('noChecks')}</Muted> : <CheckList checks={checks} />}
      </div>
    </details>
  )
}

/** The portal speaks the language of whoever signs in there; VPN clients are told in English, which is quoted. */
function useTold(): (attempt: Attempt) => ReactNode {
  const problemText = useProblemText()
  return ({ kind, outcome, message }) => {
    if (message === null) return null
    if (kind === 'portal-sign-in') return problemText(refusalOf(0, { code: outcome, message }))
    return <q lang="en">{message}</q>
  }
}

/** A wrong password is all that somebody who signs in is told; the checks know better. */
const BEHIND_SIGN_IN_FAILED: Readonly<Record<string, string>> = {
  account: 'user-disabled',
  tenant: 'tenant-suspended',
}

function useExplanation(): (attempt: Attempt) => string {
  const { outcomes } = useMessages().people
  const texts: Readonly<Record<string, string>> = outcomes
  return ({ outcome, checks, explanation }) => {
    const failed = checks.findLast((check) => check.outcome === 'failed')?.check ?? ''
    const behind = outcome === 'sign-in-failed' ? BEHIND_SIGN_IN_FAILED[failed] : undefined
    return texts[behind ?? outcome] ?? explanation
  }
}
