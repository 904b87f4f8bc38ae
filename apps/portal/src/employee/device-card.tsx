import { Pencil } from 'lucide-react'
import { type JSX, useState } from 'react'
import { useTranslations } from 'use-intl'

import { Badge } from '../ui/badge.tsx'
import { Button } from '../ui/button.tsx'
import { useNowMs } from '../ui/clock.ts'
import { Card, Facts, Muted, Row } from '../ui/layout.tsx'
import { DateTime, RelativeTime } from '../ui/time.tsx'
import { DeviceLink } from './device-link.tsx'
import { DeviceRemoval } from './device-removal.tsx'
import { DeviceRenewal } from './device-renewal.tsx'
import type { Device } from './own-queries.ts'
import { RenameDevice } from './rename-device.tsx'
import { certificateStateOf } from './todos.ts'

interface DeviceCardProps {
  readonly device: Device
  readonly isConnected: boolean
}

/** Shows a device, and what can be done with it. */
export function DeviceCard({ device, isConnected }: DeviceCardProps): JSX.Element {
  const t = useTranslations('employee')
  const nowMs = useNowMs()
  // Undefined until the name was edited: then its button has the focus again.
  const [isRenaming, setRenaming] = useState<boolean>()
  const { name, networkName, createdAt, lastConnectedAt, certificateNotAfter } = device
  const { serverMadeKey, revoked, renewableFrom } = device
  const state = certificateStateOf(device, nowMs)
  const isEarly = renewableFrom !== null && Date.parse(renewableFrom) > nowMs
  const canRenew = state !== 'expired' && !isEarly
  if (isRenaming === true) {
    return (
      <Card>
        <RenameDevice
          device={device}
          onDone={() => {
            setRenaming(false)
          }}
        />
      </Card>
    )
  }
  const rename = (
    <Button
      variant="quiet"
      size="small"
      autoFocus={isRenaming === false}
      label={t('device.rename', { name })}
      icon={<Pencil size={16} aria-hidden="true" />}
      onClick={() => {
        setRenaming(true)
      }}
    />
  )
  return (
    <Card title={<bdi>{name}</bdi>} actions={revoked ? undefined : rename}>
      <DeviceBadges device={device} state={state} isConnected={isConnected} />
      <Facts
        entries={[
          [t('device.network'), <bdi key="network">{networkName}</bdi>],
          [
            t('device.lastConnected'),
            lastConnectedAt === null ? null : <RelativeTime key="last" at={lastConnectedAt} />,
          ],
          [t('device.added'), <DateTime key="added" at={createdAt} dateOnly />],
          [t('device.certificate'), <DateTime key="certificate" at={certificateNotAfter} dateOnly />],
          [
            t('device.renewable'),
            isEarly && !revoked ? <DateTime key="renewable" at={renewableFrom} dateOnly /> : null,
          ],
          [t('device.key'), serverMadeKey ? t('device.serverKey') : t('device.ownKey')],
        ]}
      />
      {!revoked && state === 'expired' ? <p>{t('device.expiredText')}</p> : null}
      {!revoked && isEarly ? <Muted>{t(serverMadeKey ? 'device.lostLink' : 'device.lostFile')}</Muted> : null}
      {revoked ? null : (
        <Row>
          {canRenew ? <DeviceRenewal device={device} /> : null}
          {serverMadeKey && state !== 'expired' ? <DeviceLink device={device} /> : null}
          <DeviceRemoval device={device} />
        </Row>
      )}
    </Card>
  )
}

interface DeviceBadgesProps extends DeviceCardProps {
  readonly state: ReturnType<typeof certificateStateOf>
}

function DeviceBadges({ device, state, isConnected }: DeviceBadgesProps): JSX.Element | null {
  const t = useTranslations('employee')
  const { revoked, renewalPending, lastConnectedAt } = device
  if (revoked) {
    return (
      <Row>
        <Badge>{t('device.isRevoked')}</Badge>
      </Row>
    )
  }
  const isNew = lastConnectedAt === null && !isConnected
  if (state === 'good' && !renewalPending && !isNew && !isConnected) return null
  return (
    <Row>
      {isConnected ? (
        <Badge tone="success" dot>
          {t('device.connected')}
        </Badge>
      ) : null}
      {state === 'expired' ? <Badge tone="danger">{t('device.expired')}</Badge> : null}
      {state === 'expiring' ? <Badge tone="warning">{t('device.expiring')}</Badge> : null}
      {renewalPending ? <Badge tone="info">{t('device.renewalPending')}</Badge> : null}
      {isNew ? <Badge tone="info">{t('device.neverConnected')}</Badge> : null}
    </Row>
  )
}
