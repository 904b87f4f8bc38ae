import { answerOf } from '@sallyport/api-client'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import type { JSX } from 'react'
import { useTranslations } from 'use-intl'

import { api } from '../api/api.ts'
import { ProblemNotice } from '../session/problem-notice.tsx'
import { Button } from '../ui/button.tsx'
import { Card, Skeleton } from '../ui/layout.tsx'
import { ChoosePassword } from './choose-password.tsx'
import { DeadLink, isDeadLink } from './dead-link.tsx'
import { EntryPage } from './entry-page.tsx'
import { FetchProfile } from './fetch-profile.tsx'

const route = getRouteApi('/plain/link/$token')

/** Opens a one-time link: an invitation, a new password, or a profile. */
export function LinkPage(): JSX.Element {
  const t = useTranslations('entry')
  const { token } = route.useParams()
  const common = useTranslations('common')
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ['link', token],
    queryFn: ({ signal }) => answerOf(api.GET('/api/v1/links/{token}', { params: { path: { token } }, signal })),
    staleTime: Infinity,
    gcTime: 0,
  })
  if (data?.purpose === 'profile') return <FetchProfile token={token} link={data} />
  if (data !== undefined) return <ChoosePassword token={token} link={data} />
  return (
    <EntryPage title={t('link.title')}>
      <Card>
        {isPending ? (
          <Skeleton lines={4} />
        ) : isDeadLink(error) ? (
          <DeadLink problem={error} />
        ) : (
          <ProblemNotice problem={error} actions={<Button onClick={() => void refetch()}>{common('retry')}</Button>} />
        )}
      </Card>
    </EntryPage>
  )
}
