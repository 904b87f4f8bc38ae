import { useQuery } from '@tanstack/react-query'
import type { JSX } from 'react'
import { useTranslations } from 'use-intl'

import { LinkButton } from '../ui/button.tsx'
import { useNowMs } from '../ui/clock.ts'
import { Notice } from '../ui/notice.tsx'
import { RelativeTime } from '../ui/time.tsx'
import { recentFailureOf } from './attempts.ts'
import { attemptsQuery } from './own-queries.ts'
import { useOutcomeText } from './use-outcome-text.ts'

/** Says why the last attempt to connect failed, of a device or at all, if it did. */
export function RecentFailure({ deviceId }: { readonly deviceId?: string }): JSX.Element | null {
  const t = useTranslations('employee')
  const nowMs = useNowMs()
  const outcomeText = useOutcomeText()
  const { data } = useQuery(attemptsQuery)
  const failure = recentFailureOf(data?.items ?? [], nowMs, deviceId)
  if (failure === undefined) return null
  return (
    <Notice
      tone="warning"
      title={t('failure.title')}
      actions={
        <LinkButton to="/connections" size="small">
          {t('failure.more')}
        </LinkButton>
      }
    >
      <p>{outcomeText(failure)}</p>
      <p>
        <RelativeTime at={failure.at} />
        {failure.device?.name === undefined || failure.device.name === null ? null : (
          <>
            {' · '}
            <bdi>{failure.device.name}</bdi>
          </>
        )}
      </p>
    </Notice>
  )
}
