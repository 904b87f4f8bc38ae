import type { JSX, ReactNode } from 'react'
import { useMessages, useTranslations } from 'use-intl'

import type { Messages } from '../messages/catalogue.ts'
import { useBytes } from '../ui/bytes.ts'
import { DataTable } from '../ui/table.tsx'
import { DateTime } from '../ui/time.tsx'
import { TwoLines } from '../ui/two-lines.tsx'
import type { Connection } from './own-queries.ts'

type EndReasons = Messages['employee']['endReasons']

interface PastConnectionsProps {
  readonly items: readonly Connection[] | undefined
  readonly empty: ReactNode
}

/** Lists connections that have ended. */
export function PastConnections({ items, empty }: PastConnectionsProps): JSX.Element {
  const t = useTranslations('employee')
  const bytes = useBytes()
  const endText = useEndText()
  return (
    <DataTable
      caption={t('connections.past')}
      items={items}
      keyOf={({ connectionId }) => connectionId}
      empty={empty}
      columns={[
        {
          header: t('connection.device'),
          cell: ({ deviceName, remote }) => (
            <TwoLines second={remote}>
              <bdi>{deviceName}</bdi>
            </TwoLines>
          ),
        },
        { header: t('connections.began'), cell: ({ authorisedAt }) => <DateTime at={authorisedAt} /> },
        {
          header: t('connections.endedAt'),
          cell: ({ endedAt }) => (endedAt === null ? null : <DateTime at={endedAt} />),
        },
        {
          header: t('connection.traffic'),
          cell: ({ receivedBytes, sentBytes }) =>
            t('connection.trafficText', { received: bytes(sentBytes), sent: bytes(receivedBytes) }),
        },
        { header: t('connections.why'), cell: ({ endReason }) => endText(endReason) },
      ]}
    />
  )
}

/** Gives the function that says why a connection ended; a reason without a text of its own was a fault. */
function useEndText(): (reason: string | null) => string {
  const t = useTranslations('employee')
  const { endReasons } = useMessages().employee
  return (reason) => (isKnown(reason, endReasons) ? t(`endReasons.${reason}`) : t('endReasons.other'))
}

function isKnown(reason: string | null, reasons: EndReasons): reason is keyof EndReasons {
  return reason !== null && Object.hasOwn(reasons, reason)
}
