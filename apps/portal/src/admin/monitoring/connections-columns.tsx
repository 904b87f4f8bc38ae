import { Link } from '@tanstack/react-router'
import { ArrowDown, ArrowUp, Info, Unplug } from 'lucide-react'
import type { JSX } from 'react'
import { useMessages, useTranslations } from 'use-intl'

import { Badge } from '../../ui/badge.tsx'
import { Button } from '../../ui/button.tsx'
import { useBytes } from '../../ui/bytes.ts'
import type { Column } from '../../ui/table.tsx'
import { DateTime, LastingTime, RelativeTime } from '../../ui/time.tsx'
import { TwoLines } from '../../ui/two-lines.tsx'
import styles from './connections.module.css'
import type { Connection } from './connections-page.tsx'

interface Acts {
  readonly mayWrite: boolean
  readonly onDetails: (connection: Connection) => void
  readonly onEnd: (connection: Connection) => void
}

/** Gives the columns of the list of connections. */
export function useConnectionColumns({ mayWrite, onDetails, onEnd }: Acts): Column<Connection>[] {
  const t = useTranslations('monitoring.connections')
  return [
    { header: t('user'), cell: (connection) => <WhoCell connection={connection} /> },
    { header: t('state'), cell: (connection) => <ConnectionState connection={connection} /> },
    {
      header: t('network'),
      cell: ({ networkName, node }) => <TwoLines second={t('onNode', { node })}>{networkName}</TwoLines>,
    },
    {
      header: t('address'),
      cell: ({ ipv4, ipv6, remote, transport }) => (
        <span className={styles.address}>
          <TwoLines second={t('fromAddress', { remote, transport: transport.toUpperCase() })}>
            {ipv4 ?? ipv6 ?? t('noAddress')}
          </TwoLines>
        </span>
      ),
    },
    { header: t('traffic'), align: 'end', cell: (connection) => <TrafficCell connection={connection} /> },
    {
      header: t('acts'),
      unnamed: true,
      align: 'end',
      cell: (connection) => {
        const name = { user: connection.username, device: connection.deviceName }
        return (
          <span className={styles.acts}>
            <Button
              size="small"
              label={t('detailsOf', name)}
              icon={<Info size={16} aria-hidden="true" />}
              onClick={() => {
                onDetails(connection)
              }}
            />
            {mayWrite && connection.live ? (
              <Button
                size="small"
                label={t('endOf', name)}
                icon={<Unplug size={16} aria-hidden="true" />}
                onClick={() => {
                  onEnd(connection)
                }}
              />
            ) : null}
          </span>
        )
      },
    },
  ]
}

function WhoCell({ connection }: { readonly connection: Connection }): JSX.Element {
  return (
    <TwoLines second={connection.deviceName}>
      <Link to="/admin/users/$userId" params={{ userId: connection.userId }}>
        {connection.username}
      </Link>
    </TwoLines>
  )
}

/** Says whether a connection is live, since when, or how it ended. */
export function ConnectionState({ connection }: { readonly connection: Connection }): JSX.Element {
  const t = useTranslations('monitoring.connections')
  const endReason = useEndReason()
  const { live, establishedAt, authorisedAt, endedAt, endReason: reason } = connection
  if (endedAt !== null) {
    return (
      <TwoLines second={<DateTime at={endedAt} />}>
        <Badge>{reason === null ? t('ended') : endReason(reason)}</Badge>
      </TwoLines>
    )
  }
  const badge = live && establishedAt !== null
  return (
    <TwoLines second={badge ? <LastingTime at={establishedAt} /> : <RelativeTime at={authorisedAt} />}>
      <Badge tone={badge ? 'success' : 'info'} dot>
        {badge ? t('live') : t('connecting')}
      </Badge>
    </TwoLines>
  )
}

function TrafficCell({ connection }: { readonly connection: Connection }): JSX.Element {
  const t = useTranslations('monitoring.connections')
  const bytes = useBytes()
  // The node counts: what it sends is what the client downloads.
  return (
    <span className={styles.traffic}>
      <TwoLines
        second={
          <>
            <ArrowUp size={12} role="img" aria-label={t('uploaded')} /> {bytes(connection.receivedBytes)}
          </>
        }
      >
        <ArrowDown size={14} role="img" aria-label={t('downloaded')} /> {bytes(connection.sentBytes)}
      </TwoLines>
    </span>
  )
}

/** Gives the function that says in words how a connection ended. */
function useEndReason(): (code: string) => string {
  const { endReasons, outcomes } = useMessages().monitoring
  // What a connection is refused for can also end it.
  const texts: Readonly<Record<string, string>> = { ...outcomes, ...endReasons }
  return (code) => texts[code] ?? code
}
