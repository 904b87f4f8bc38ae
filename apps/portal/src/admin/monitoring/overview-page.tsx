import { answerOf } from '@sallyport/api-client'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import type { JSX } from 'react'
import { useTranslations } from 'use-intl'

import { api } from '../../api/api.ts'
import { createPace } from '../../api/pace.ts'
import { useProblemText } from '../../api/problem-text.ts'
import { Page } from '../../ui/layout.tsx'
import { Notice } from '../../ui/notice.tsx'
import { TabLink, TabLinks } from '../../ui/tab-links.tsx'
import styles from './overview.module.css'
import { OverviewCharts } from './overview-chart-cards.tsx'
import { OverviewEnrolment } from './overview-enrolment.tsx'
import { OverviewExpiring } from './overview-expiring.tsx'
import { OverviewFailures } from './overview-failures.tsx'
import { OverviewPools } from './overview-pools.tsx'
import { OverviewStats } from './overview-stats.tsx'

const route = getRouteApi('/signed-in/administration/admin')
/** The numbers are many sums over the log. */
const pace = createPace(5000)
const SAME_PAGE = { exact: true, includeSearch: true } as const

/** Shows the numbers of the tenant at a glance; they follow what happens. */
export function OverviewPage(): JSX.Element {
  const t = useTranslations('monitoring.overview')
  const problemText = useProblemText()
  const { range = 'day' } = route.useSearch()
  const { data, error } = useQuery({
    queryKey: ['overview', range],
    queryFn: async ({ signal }) => {
      await pace(range, signal)
      return answerOf(api.GET('/api/v1/overview', { params: { query: { range } }, signal }))
    },
    placeholderData: keepPreviousData,
  })
  return (
    <Page title={t('title')}>
      <TabLinks label={t('range')}>
        <TabLink to="/admin" search={{}} activeOptions={SAME_PAGE}>
          {t('day')}
        </TabLink>
        <TabLink to="/admin" search={{ range: 'week' }} activeOptions={SAME_PAGE}>
          {t('week')}
        </TabLink>
      </TabLinks>
      {error === null ? null : <Notice tone="danger">{problemText(error)}</Notice>}
      {data === undefined && error !== null ? null : (
        <>
          <OverviewStats overview={data} range={range} />
          <OverviewCharts overview={data} range={range} />
        </>
      )}
      {data === undefined ? null : (
        <div className={styles.cards}>
          <OverviewFailures overview={data} range={range} />
          <OverviewEnrolment enrolment={data.enrolment} />
          <OverviewPools pools={data.pools} />
          <OverviewExpiring expiring={data.expiring} />
        </div>
      )}
    </Page>
  )
}
