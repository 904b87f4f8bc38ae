import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { type JSX, useState } from 'react'
import { useTranslations } from 'use-intl'

import { useProblemText } from '../../api/problem-text.ts'
import { useMe } from '../../session/me.ts'
import { Badge } from '../../ui/badge.tsx'
import { Button } from '../../ui/button.tsx'
import { Card, Muted, Skeleton } from '../../ui/layout.tsx'
import { Notice } from '../../ui/notice.tsx'
import { LastingTime } from '../../ui/time.tsx'
import { TwoLines } from '../../ui/two-lines.tsx'
import { EndConnection } from '../monitoring/connections-end.tsx'
import type { Connection } from '../monitoring/connections-page.tsx'
import { userConnectionsQuery } from './user-queries.ts'
import styles from './user-rows.module.css'

/** Shows where a user is connected now, and ends it. */
export function UserConnections({ userId }: { readonly userId: string }): JSX.Element {
  const t = useTranslations('people.connections')
  const problemText = useProblemText()
  const { permissions } = useMe()
  const [ending, setEnding] = useState<Connection>()
  const { data, error } = useQuery(userConnectionsQuery(userId))
  const mayEnd = permissions.includes('connections.write')
  return (
    <Card
      title={t('title')}
      actions={
        <Link to="/admin/connections" search={{ userId, state: 'all' }}>
          {t('all')}
        </Link>
      }
    >
      {error === null ? null : <Notice tone="danger">{problemText(error)}</Notice>}
      {data === undefined && error === null ? <Skeleton lines={1} /> : null}
      {data?.items.length === 0 ? <Muted>{t('none')}</Muted> : null}
      <ul className={styles.rows}>
        {data?.items.map((connection) => (
          <li key={connection.connectionId}>
            <Badge tone="success" dot>
              {t('live')}
            </Badge>
            <div className={styles.main}>
              <TwoLines
                second={t('where', {
                  network: connection.networkName,
                  node: connection.node,
                  remote: connection.remote,
                })}
              >
                {connection.deviceName}
              </TwoLines>
            </div>
            <Muted>
              <LastingTime at={connection.establishedAt ?? connection.authorisedAt} />
            </Muted>
            {mayEnd ? (
              <Button
                size="small"
                onClick={() => {
                  setEnding(connection)
                }}
              >
                {t('end')}
              </Button>
            ) : null}
          </li>
        ))}
      </ul>
      {ending === undefined ? null : (
        <EndConnection
          connection={ending}
          onClose={() => {
            setEnding(undefined)
          }}
        />
      )}
    </Card>
  )
}
