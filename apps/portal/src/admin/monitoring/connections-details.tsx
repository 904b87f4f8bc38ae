import { Link } from '@tanstack/react-router'
import { FileDown } from 'lucide-react'
import { type JSX, useState } from 'react'
import { useTranslations } from 'use-intl'

import { Button, LinkButton } from '../../ui/button.tsx'
import { useBytes } from '../../ui/bytes.ts'
import { Dialog, DialogActions } from '../../ui/dialog.tsx'
import { Facts, Stack } from '../../ui/layout.tsx'
import { DateTime } from '../../ui/time.tsx'
import { CapturePackets } from './connections-capture.tsx'
import { ConnectionState } from './connections-columns.tsx'
import type { Connection } from './connections-page.tsx'

interface ConnectionDetailsProps {
  readonly connection: Connection
  readonly mayWrite: boolean
  readonly onClose: () => void
}

/** Shows everything that is known of a connection. */
export function ConnectionDetails({ connection, mayWrite, onClose }: ConnectionDetailsProps): JSX.Element {
  const t = useTranslations('monitoring.connections')
  const [isCapturing, setCapturing] = useState(false)
  const { username, deviceName, userId } = connection
  return (
    <Dialog
      open
      wide
      onClose={onClose}
      title={isCapturing ? t('captureTitle') : t('detailsTitle')}
      description={t('detailsOf', { user: username, device: deviceName })}
    >
      {isCapturing ? (
        <CapturePackets connection={connection} onClose={onClose} />
      ) : (
        <Stack>
          <ConnectionFacts connection={connection} />
          <DialogActions>
            <LinkButton to="/admin/users/$userId" params={{ userId }}>
              {t('toUser')}
            </LinkButton>
            {mayWrite && connection.live ? (
              <Button
                icon={<FileDown size={18} aria-hidden="true" />}
                onClick={() => {
                  setCapturing(true)
                }}
              >
                {t('capture')}
              </Button>
            ) : null}
          </DialogActions>
        </Stack>
      )}
    </Dialog>
  )
}

function ConnectionFacts({ connection }: { readonly connection: Connection }): JSX.Element {
  const t = useTranslations('monitoring.connections')
  const bytes = useBytes()
  const { username, userId, establishedAt, sessionEndsAt, endedAt } = connection
  const timeOf = (at: string | null): JSX.Element | null => (at === null ? null : <DateTime at={at} />)
  return (
    <Facts
      entries={[
        [t('state'), <ConnectionState key="state" connection={connection} />],
        [
          t('user'),
          <Link key="user" to="/admin/users/$userId" params={{ userId }}>
            {username}
          </Link>,
        ],
        [t('device'), connection.deviceName],
        [t('network'), connection.networkName],
        [t('node'), connection.node],
        [t('remote'), connection.remote],
        [t('transport'), connection.transport.toUpperCase()],
        [t('ipv4'), connection.ipv4],
        [t('ipv6'), connection.ipv6],
        [t('cipher'), connection.cipher],
        [t('authorisedAt'), timeOf(connection.authorisedAt)],
        [t('establishedAt'), timeOf(establishedAt)],
        [t('sessionEndsAt'), endedAt === null ? timeOf(sessionEndsAt) : null],
        [t('endedAt'), timeOf(endedAt)],
        [t('download'), bytes(connection.sentBytes)],
        [t('upload'), bytes(connection.receivedBytes)],
        [t('id'), <code key="id">{connection.connectionId}</code>],
      ]}
    />
  )
}
