import { Link } from '@tanstack/react-router'
import { Ban } from 'lucide-react'
import type { JSX } from 'react'
import { useTranslations } from 'use-intl'

import { Badge } from '../../ui/badge.tsx'
import { Button } from '../../ui/button.tsx'
import { useNowMs } from '../../ui/clock.ts'
import { Muted } from '../../ui/layout.tsx'
import type { Column } from '../../ui/table.tsx'
import { DateTime, RelativeTime } from '../../ui/time.tsx'
import { TwoLines } from '../../ui/two-lines.tsx'
import type { Device } from './devices-page.tsx'
import { certificateStateOf } from './devices-search.ts'

/** Gives the columns of the list of devices; without `onRevoke` for readers only. */
export function useDeviceColumns(onRevoke: ((device: Device) => void) | undefined): Column<Device>[] {
  const t = useTranslations('monitoring.devices')
  const columns: Column<Device>[] = [
    {
      header: t('device'),
      cell: ({ name, userId, username }) => (
        <TwoLines
          second={
            <Link to="/admin/users/$userId" params={{ userId }}>
              {username}
            </Link>
          }
        >
          {name}
        </TwoLines>
      ),
    },
    { header: t('certificate'), cell: (device) => <CertificateCell device={device} /> },
    {
      header: t('lastConnected'),
      cell: ({ lastConnectedAt }) =>
        lastConnectedAt === null ? <Muted>{t('neverConnected')}</Muted> : <RelativeTime at={lastConnectedAt} />,
    },
    { header: t('enrolled'), cell: (device) => <EnrolledCell device={device} /> },
  ]
  if (onRevoke === undefined) return columns
  const acts: Column<Device> = {
    header: t('acts'),
    unnamed: true,
    align: 'end',
    cell: (device) =>
      device.revoked ? null : (
        <Button
          size="small"
          icon={<Ban size={16} aria-hidden="true" />}
          label={t('revokeOf', { device: device.name, user: device.username })}
          onClick={() => {
            onRevoke(device)
          }}
        >
          {t('revoke')}
        </Button>
      ),
  }
  return [...columns, acts]
}

function CertificateCell({ device }: { readonly device: Device }): JSX.Element {
  const t = useTranslations('monitoring.devices')
  const nowMs = useNowMs()
  const { certificateNotAfter: at, revoked, renewalPending } = device
  if (revoked) return <Badge tone="danger">{t('revoked')}</Badge>
  const state = certificateStateOf(at, nowMs)
  const until = t.rich(state === 'over' ? 'endedAt' : 'endsAt', { at: () => <DateTime at={at} dateOnly /> })
  const badges = {
    good: <Badge tone="success">{t('good')}</Badge>,
    soon: <Badge tone="warning">{t('soon')}</Badge>,
    over: <Badge tone="danger">{t('over')}</Badge>,
  }
  return <TwoLines second={renewalPending ? t('renewalPending') : until}>{badges[state]}</TwoLines>
}

function EnrolledCell({ device }: { readonly device: Device }): JSX.Element {
  const t = useTranslations('monitoring.devices')
  return (
    <TwoLines second={device.serverMadeKey ? t('serverMadeKey') : t('ownKey')}>
      <DateTime at={device.createdAt} dateOnly />
    </TwoLines>
  )
}
