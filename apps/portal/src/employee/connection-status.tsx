import { PlugZap, Unplug } from 'lucide-react'
import type { JSX } from 'react'
import { useTranslations } from 'use-intl'

import { LinkButton } from '../ui/button.tsx'
import { Card } from '../ui/layout.tsx'
import styles from './employee.module.css'
import { LiveConnection } from './live-connection.tsx'
import type { Connection } from './own-queries.ts'

interface ConnectionStatusProps {
  readonly connections: readonly Connection[]
  readonly hasDevice: boolean
}

/** Says whether the reader is connected, and with what. */
export function ConnectionStatus({ connections, hasDevice }: ConnectionStatusProps): JSX.Element {
  const t = useTranslations('employee')
  const isLive = connections.length > 0
  return (
    <Card>
      <div className={styles.status} role="status">
        <span className={styles.statusMark} data-live={isLive ? '' : undefined}>
          {isLive ? <PlugZap size={24} aria-hidden="true" /> : <Unplug size={24} aria-hidden="true" />}
        </span>
        <div>
          <h2>{isLive ? t('home.connected', { count: connections.length }) : t('home.notConnected')}</h2>
          {isLive ? null : <p>{hasDevice ? t('home.openProgram') : t('home.noDevice')}</p>}
        </div>
      </div>
      {connections.map((connection) => (
        <div key={connection.connectionId} className={styles.connection}>
          <h3>
            <bdi>{connection.deviceName}</bdi>
          </h3>
          <LiveConnection connection={connection} />
        </div>
      ))}
      {isLive || hasDevice ? null : (
        <div>
          <LinkButton to="/devices/add" variant="primary">
            {t('home.addFirst')}
          </LinkButton>
        </div>
      )}
    </Card>
  )
}
