import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { JSX } from 'react'
import { useFormatter, useTranslations } from 'use-intl'

import { useProblemText } from '../../api/problem-text.ts'
import { Badge } from '../../ui/badge.tsx'
import { useNowMs } from '../../ui/clock.ts'
import { Card, Muted, Skeleton } from '../../ui/layout.tsx'
import { Notice } from '../../ui/notice.tsx'
import { RelativeTime } from '../../ui/time.tsx'
import { TwoLines } from '../../ui/two-lines.tsx'
import { certificateStateOf } from '../monitoring/devices-search.ts'
import { userDevicesQuery } from './user-queries.ts'
import styles from './user-rows.module.css'

/** Shows the devices with which a user can connect. */
export function UserDevices({ userId }: { readonly userId: string }): JSX.Element {
  const t = useTranslations('people.devices')
  const format = useFormatter()
  const nowMs = useNowMs()
  const problemText = useProblemText()
  const { data, error } = useQuery(userDevicesQuery(userId))
  return (
    <Card
      title={t('title')}
      actions={
        <Link to="/admin/devices" search={{ userId }}>
          {t('all')}
        </Link>
      }
    >
      {error === null ? null : <Notice tone="danger">{problemText(error)}</Notice>}
      {data === undefined && error === null ? <Skeleton lines={2} /> : null}
      {data?.items.length === 0 ? <Muted>{t('none')}</Muted> : null}
      <ul className={styles.rows}>
        {data?.items.map(({ deviceId, name, certificateNotAfter, lastConnectedAt }) => {
          const date = format.dateTime(new Date(certificateNotAfter), { dateStyle: 'medium' })
          const state = certificateStateOf(certificateNotAfter, nowMs)
          return (
            <li key={deviceId}>
              <div className={styles.main}>
                <TwoLines second={t('until', { date })}>{name}</TwoLines>
              </div>
              {state === 'good' ? null : (
                <Badge tone={state === 'over' ? 'danger' : 'warning'}>{t(`certificate.${state}`)}</Badge>
              )}
              <Muted>{lastConnectedAt === null ? t('neverConnected') : <RelativeTime at={lastConnectedAt} />}</Muted>
            </li>
          )
        })}
      </ul>
    </Card>
  )
}
