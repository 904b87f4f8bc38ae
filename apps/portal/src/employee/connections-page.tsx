import { History } from 'lucide-react'
import type { JSX } from 'react'
import { useTranslations } from 'use-intl'

import { usePages } from '../api/use-pages.ts'
import { ProblemNotice } from '../session/problem-notice.tsx'
import { Card, EmptyState, Page, Skeleton, Stack } from '../ui/layout.tsx'
import { Pager } from '../ui/table.tsx'
import { AttemptList } from './attempt-list.tsx'
import { LiveConnection } from './live-connection.tsx'
import { useLiveConnections, usePastConnections } from './own-queries.ts'
import { PastConnections } from './past-connections.tsx'

/** Shows the reader's connections, live ones first, and why attempts failed. */
export function ConnectionsPage(): JSX.Element {
  const t = useTranslations('employee')
  const live = useLiveConnections()
  const pages = usePages('')
  const past = usePastConnections(pages.after)
  return (
    <Page title={t('connections.title')} lead={t('connections.lead')}>
      {live.data === undefined ? (
        <Card title={t('connections.live')}>
          {live.error === null ? <Skeleton lines={6} /> : <ProblemNotice problem={live.error} />}
        </Card>
      ) : live.data.items.length === 0 ? (
        <Card title={t('connections.live')}>
          <p>{t('connections.noneLive')}</p>
        </Card>
      ) : (
        live.data.items.map((connection) => (
          <Card key={connection.connectionId} title={t('connections.liveOf', { name: connection.deviceName })}>
            <LiveConnection connection={connection} />
          </Card>
        ))
      )}
      <Card title={t('attempts.title')} lead={t('attempts.lead')}>
        <AttemptList />
      </Card>
      <Stack>
        <h2>{t('connections.past')}</h2>
        {past.error === null ? null : <ProblemNotice problem={past.error} />}
        <PastConnections
          items={past.data?.items}
          empty={
            <EmptyState icon={<History size={40} aria-hidden="true" />} title={t('connections.nonePast')}>
              {t('connections.nonePastText')}
            </EmptyState>
          }
        />
        <Pager previous={pages.previous} next={pages.nextOf(past.data?.next)} />
      </Stack>
    </Page>
  )
}
