import { Plus } from 'lucide-react'
import type { JSX } from 'react'
import { useTranslations } from 'use-intl'

import { useMe } from '../session/me.ts'
import { ProblemNotice } from '../session/problem-notice.tsx'
import { LinkButton } from '../ui/button.tsx'
import { Card, Page, Skeleton, Stack } from '../ui/layout.tsx'
import { ConnectionStatus } from './connection-status.tsx'
import { NoNetwork } from './no-network.tsx'
import { useLiveConnections, useOwnDevices } from './own-queries.ts'
import { RecentFailure } from './recent-failure.tsx'
import { TodoList } from './todo-list.tsx'

const DEVICES = 100

/** Shows whether the reader is connected, and what is to be done. */
export function HomePage(): JSX.Element {
  const t = useTranslations('employee')
  const { user, hasNetwork } = useMe()
  const live = useLiveConnections()
  const devices = useOwnDevices({ state: 'active', limit: DEVICES })
  const name = user.displayName ?? user.username
  return (
    <Page
      title={t('home.title', { name })}
      actions={
        // Who has none is offered the first one below.
        hasNetwork && devices.data?.items.length !== 0 ? (
          <LinkButton to="/devices/add" icon={<Plus size={18} aria-hidden="true" />}>
            {t('addDevice')}
          </LinkButton>
        ) : undefined
      }
    >
      <Stack>
        {live.data === undefined || devices.data === undefined ? (
          <Card>
            {live.isError || devices.isError ? (
              <ProblemNotice problem={live.error ?? devices.error} />
            ) : (
              <Skeleton lines={4} />
            )}
          </Card>
        ) : (
          <>
            {hasNetwork ? (
              <ConnectionStatus connections={live.data.items} hasDevice={devices.data.items.length > 0} />
            ) : (
              <NoNetwork />
            )}
            <RecentFailure />
            <TodoList devices={devices.data.items} />
          </>
        )}
      </Stack>
    </Page>
  )
}
