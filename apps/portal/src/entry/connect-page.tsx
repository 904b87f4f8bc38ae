import { answerOf } from '@sallyport/api-client'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import type { JSX } from 'react'
import { useTranslations } from 'use-intl'

import { api } from '../api/api.ts'
import { isRefusal } from '../api/problem-text.ts'
import { ProblemNotice } from '../session/problem-notice.tsx'
import { ReauthenticationProvider } from '../session/reauthentication.tsx'
import { Button } from '../ui/button.tsx'
import { Card, Skeleton } from '../ui/layout.tsx'
import { EntryPage } from './entry-page.tsx'
import { ExpiredConnection } from './expired-connection.tsx'
import { WaitingConnection } from './waiting-connection.tsx'

const route = getRouteApi('/plain/connect/$state')

/** The page that a VPN client opens in the middle of connecting: says who waits, and lets them in or not. */
export function ConnectPage(): JSX.Element {
  const t = useTranslations('entry')
  const common = useTranslations('common')
  const { state } = route.useParams()
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ['connect', state],
    queryFn: ({ signal }) => answerOf(api.GET('/api/v1/connect/{state}', { params: { path: { state } }, signal })),
    staleTime: Infinity,
    gcTime: 0,
  })
  if (data !== undefined) {
    return (
      <ReauthenticationProvider>
        <WaitingConnection state={state} waiting={data} />
      </ReauthenticationProvider>
    )
  }
  return (
    <EntryPage title={t('connect.title')}>
      <Card>
        {isPending ? (
          <Skeleton lines={6} />
        ) : isRefusal(error, 'challenge-expired', 'not-found') ? (
          <ExpiredConnection />
        ) : (
          <ProblemNotice problem={error} actions={<Button onClick={() => void refetch()}>{common('retry')}</Button>} />
        )}
      </Card>
    </EntryPage>
  )
}
