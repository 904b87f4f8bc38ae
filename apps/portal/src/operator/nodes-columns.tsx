import type { JSX } from 'react'
import { useFormatter, useTranslations } from 'use-intl'

import { Badge } from '../ui/badge.tsx'
import { Button } from '../ui/button.tsx'
import { Muted } from '../ui/layout.tsx'
import type { Column } from '../ui/table.tsx'
import { DateTime, RelativeTime } from '../ui/time.tsx'
import { TwoLines } from '../ui/two-lines.tsx'
import type { NodeAct } from './node-acts.tsx'
import type { Service } from './nodes-page.tsx'
import styles from './platform.module.css'

type OnAct = (act: NodeAct, service: Service) => void

const TONES = {
  healthy: 'success',
  draining: 'info',
  silent: 'danger',
  'never-seen': 'warning',
  revoked: 'neutral',
} as const

/** Gives the columns of the list of services; without `onAct` for readers only. */
export function useNodeColumns(onAct: OnAct | undefined): Column<Service>[] {
  const t = useTranslations('platform.nodes')
  const columns: Column<Service>[] = [
    {
      header: t('name'),
      cell: ({ name, role, slot }) => (
        <TwoLines second={slot === null ? role : t('roleAndSlot', { role, slot: String(slot) })}>{name}</TwoLines>
      ),
    },
    { header: t('health'), cell: (service) => <HealthCell service={service} /> },
    { header: t('load'), cell: (service) => <LoadCell service={service} /> },
    {
      header: t('version'),
      cell: ({ version, startedAt }) => (
        <TwoLines
          second={startedAt === null ? null : t.rich('startedAt', { at: () => <RelativeTime at={startedAt} /> })}
        >
          {version ?? <Muted>{t('unknown')}</Muted>}
        </TwoLines>
      ),
    },
    { header: t('certificate'), cell: ({ certificateNotAfter }) => <DateTime at={certificateNotAfter} dateOnly /> },
  ]
  if (onAct === undefined) return columns
  const acts: Column<Service> = {
    header: t('acts'),
    unnamed: true,
    align: 'end',
    cell: (service) => <Acts service={service} onAct={onAct} />,
  }
  return [...columns, acts]
}

function HealthCell({ service }: { readonly service: Service }): JSX.Element {
  const t = useTranslations('platform.nodes')
  const { health, lastSeenAt } = service
  return (
    <TwoLines second={lastSeenAt === null ? null : t.rich('lastSeen', { at: () => <RelativeTime at={lastSeenAt} /> })}>
      {health === null ? (
        <Badge>{t('enrolled')}</Badge>
      ) : (
        <Badge tone={TONES[health]} dot={health !== 'revoked'}>
          {t(`healths.${health}`)}
        </Badge>
      )}
    </TwoLines>
  )
}

function LoadCell({ service }: { readonly service: Service }): JSX.Element {
  const t = useTranslations('platform.nodes')
  const format = useFormatter()
  const { role, connections, capacity, cpuShare } = service
  if (role !== 'vpn-node') return <Muted>{t('noLoad')}</Muted>
  if (connections === null) return <Muted>{t('unknown')}</Muted>
  return (
    <TwoLines second={cpuShare === null ? null : t('cpu', { share: format.number(cpuShare, { style: 'percent' }) })}>
      {capacity === null
        ? format.number(connections)
        : t('connectionsOf', { number: format.number(connections), capacity: format.number(capacity) })}
    </TwoLines>
  )
}

function Acts({ service, onAct }: { readonly service: Service; readonly onAct: OnAct }): JSX.Element | null {
  const t = useTranslations('platform.nodes')
  const { name, role, revoked, draining } = service
  if (revoked) return null
  const drain = draining ? 'resume' : 'drain'
  return (
    <span className={styles.acts}>
      {role === 'vpn-node' ? (
        <Button
          size="small"
          label={t(`${drain}Of`, { name })}
          onClick={() => {
            onAct(drain, service)
          }}
        >
          {t(drain)}
        </Button>
      ) : null}
      <Button
        size="small"
        label={t('revokeOf', { name })}
        onClick={() => {
          onAct('revoke', service)
        }}
      >
        {t('revoke')}
      </Button>
    </span>
  )
}
