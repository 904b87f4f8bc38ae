import { getRouteApi } from '@tanstack/react-router'
import { Laptop, Plus } from 'lucide-react'
import type { JSX } from 'react'
import { useTranslations } from 'use-intl'

import { usePages } from '../api/use-pages.ts'
import { useMe } from '../session/me.ts'
import { ProblemNotice } from '../session/problem-notice.tsx'
import { LinkButton } from '../ui/button.tsx'
import { Card, EmptyState, Page, Skeleton, Stack } from '../ui/layout.tsx'
import { TabLink, TabLinks } from '../ui/tab-links.tsx'
import { Pager } from '../ui/table.tsx'
import { DeviceCard } from './device-card.tsx'
import { NoNetwork } from './no-network.tsx'
import { useLiveConnections, useOwnDevices } from './own-queries.ts'

const route = getRouteApi('/signed-in/devices')
const DEVICES = 20

/** Lists the reader's devices, where there is something to connect them to. */
export function DevicesPage(): JSX.Element {
  const t = useTranslations('employee')
  const { hasNetwork } = useMe()
  if (hasNetwork) return <OwnDevices />
  return (
    <Page title={t('devices.title')}>
      <NoNetwork />
    </Page>
  )
}

function OwnDevices(): JSX.Element {
  const t = useTranslations('employee')
  const { state = 'active' } = route.useSearch()
  const pages = usePages(state)
  const { data, error } = useOwnDevices({ state, limit: DEVICES, after: pages.after })
  const connected = new Set(useLiveConnections().data?.items.map(({ deviceId }) => deviceId))
  const add = (
    <LinkButton to="/devices/add" variant="primary" icon={<Plus size={18} aria-hidden="true" />}>
      {t('addDevice')}
    </LinkButton>
  )
  return (
    <Page title={t('devices.title')} lead={t('devices.lead')} actions={add}>
      <TabLinks label={t('devices.which')}>
        <TabLink to="/devices" search={{}} activeOptions={{ exact: true, includeSearch: true }}>
          {t('devices.active')}
        </TabLink>
        <TabLink to="/devices" search={{ state: 'revoked' }} activeOptions={{ exact: true, includeSearch: true }}>
          {t('devices.revoked')}
        </TabLink>
      </TabLinks>
      {data === undefined ? (
        <Card>{error === null ? <Skeleton lines={6} /> : <ProblemNotice problem={error} />}</Card>
      ) : data.items.length === 0 ? (
        <Card>
          <EmptyState
            icon={<Laptop size={40} aria-hidden="true" />}
            title={state === 'active' ? t('devices.none') : t('devices.noneRevoked')}
          >
            {state === 'active' ? t('devices.noneText') : t('devices.noneRevokedText')}
          </EmptyState>
        </Card>
      ) : (
        <Stack>
          {data.items.map((device) => (
            <DeviceCard key={device.deviceId} device={device} isConnected={connected.has(device.deviceId)} />
          ))}
          <Pager previous={pages.previous} next={pages.nextOf(data.next)} />
        </Stack>
      )}
    </Page>
  )
}
