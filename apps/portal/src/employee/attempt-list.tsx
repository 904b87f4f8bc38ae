import { useQuery } from '@tanstack/react-query'
import type { JSX } from 'react'
import { useTranslations } from 'use-intl'

import { ProblemNotice } from '../session/problem-notice.tsx'
import { Badge } from '../ui/badge.tsx'
import { Muted, Row, Skeleton } from '../ui/layout.tsx'
import { RelativeTime } from '../ui/time.tsx'
import styles from './employee.module.css'
import { type Attempt, attemptsQuery } from './own-queries.ts'
import { useOutcomeText } from './use-outcome-text.ts'

const TONES = { allowed: 'success', asked: 'info', refused: 'danger' } as const

/** Says of the last attempts what became of them, and what to do. */
export function AttemptList(): JSX.Element {
  const t = useTranslations('employee')
  const { data, error } = useQuery(attemptsQuery)
  if (data === undefined) return error === null ? <Skeleton lines={6} /> : <ProblemNotice problem={error} />
  if (data.items.length === 0) return <p>{t('attempts.none')}</p>
  return (
    <ul className={styles.list}>
      {data.items.map((attempt) => (
        <li key={attempt.eventId}>
          <AttemptEntry attempt={attempt} />
        </li>
      ))}
    </ul>
  )
}

function AttemptEntry({ attempt }: { readonly attempt: Attempt }): JSX.Element {
  const t = useTranslations('employee')
  const outcomeText = useOutcomeText()
  const { kind, result, at, source, device } = attempt
  const name = device?.name ?? null
  return (
    <div className={styles.entry}>
      <Row>
        <strong>{t(`attempts.kinds.${kind}`)}</strong>
        <Badge tone={TONES[result]}>{t(`attempts.results.${result}`)}</Badge>
      </Row>
      <span>{outcomeText(attempt)}</span>
      <Muted>
        <RelativeTime at={at} />
        {name === null ? null : (
          <>
            {' · '}
            <bdi>{name}</bdi>
          </>
        )}
        {source === null ? null : ` · ${source}`}
      </Muted>
    </div>
  )
}
