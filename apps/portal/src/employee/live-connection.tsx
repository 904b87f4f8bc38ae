import { answerOf } from '@sallyport/api-client'
import { useQueryClient } from '@tanstack/react-query'
import { Clock, PowerOff } from 'lucide-react'
import { type JSX, useState } from 'react'
import { useTranslations } from 'use-intl'

import { api } from '../api/api.ts'
import { ProblemNotice } from '../session/problem-notice.tsx'
import { Button } from '../ui/button.tsx'
import { useBytes } from '../ui/bytes.ts'
import { useNowMs } from '../ui/clock.ts'
import { ConfirmDialog } from '../ui/dialog.tsx'
import { Facts, Row, Stack } from '../ui/layout.tsx'
import { Notice } from '../ui/notice.tsx'
import { DateTime, RelativeTime } from '../ui/time.tsx'
import { useToast } from '../ui/toast.tsx'
import type { Connection } from './own-queries.ts'
import { sessionTimeOf } from './session-time.ts'
import { useExtension } from './use-extension.ts'

const REFRESH_MS = 15_000

/** Shows a live connection, warns before its session ends, and lets its user extend or end it. */
export function LiveConnection({ connection }: { readonly connection: Connection }): JSX.Element {
  const t = useTranslations('employee')
  const bytes = useBytes()
  const { networkName, remote, ipv4, ipv6, authorisedAt, sessionEndsAt } = connection
  return (
    <Stack>
      <Facts
        entries={[
          [t('connection.since'), <RelativeTime key="since" at={authorisedAt} />],
          [t('connection.network'), networkName],
          [t('connection.from'), remote],
          [t('connection.address'), [ipv4, ipv6].filter((address) => address !== null).join(', ')],
          [
            t('connection.traffic'),
            t('connection.trafficText', {
              received: bytes(connection.sentBytes),
              sent: bytes(connection.receivedBytes),
            }),
          ],
          [t('connection.ends'), sessionEndsAt === null ? null : <DateTime key="ends" at={sessionEndsAt} />],
        ]}
      />
      <SessionEnd connection={connection} />
    </Stack>
  )
}

/** Warns of the end of a session, and extends it; ends the connection. */
function SessionEnd({ connection }: { readonly connection: Connection }): JSX.Element {
  const t = useTranslations('employee')
  const nowMs = useNowMs(REFRESH_MS)
  const { busy, problem, extend } = useExtension(connection)
  const { sessionEndsAt } = connection
  const time = sessionEndsAt === null ? undefined : sessionTimeOf(sessionEndsAt, nowMs)
  const button = (
    <Button size="small" busy={busy} icon={<Clock size={16} aria-hidden="true" />} onClick={() => void extend()}>
      {t('connection.extend')}
    </Button>
  )
  return (
    <>
      {time?.state === 'ending' ? (
        <Notice tone="warning" title={t('connection.endingTitle', { minutes: time.minutesLeft })} actions={button}>
          {t('connection.ending')}
        </Notice>
      ) : null}
      <ProblemNotice problem={problem} />
      <Row>
        {time?.state === 'good' ? button : null}
        <EndConnection connection={connection} />
      </Row>
    </>
  )
}

function EndConnection({ connection }: { readonly connection: Connection }): JSX.Element {
  const t = useTranslations('employee')
  const queries = useQueryClient()
  const say = useToast()
  const [isAsking, setAsking] = useState(false)
  const { connectionId, deviceName: name } = connection
  const end = async (): Promise<void> => {
    await answerOf(api.DELETE('/api/v1/me/connections/{id}', { params: { path: { id: connectionId } } }))
    await queries.invalidateQueries({ queryKey: ['own-connections'] })
    say(t('connection.ended', { name }))
  }
  return (
    <>
      <Button
        size="small"
        icon={<PowerOff size={16} aria-hidden="true" />}
        onClick={() => {
          setAsking(true)
        }}
      >
        {t('connection.end')}
      </Button>
      <ConfirmDialog
        open={isAsking}
        onClose={() => {
          setAsking(false)
        }}
        title={t('connection.endTitle', { name })}
        undo={t('connection.endUndo')}
        confirm={t('connection.end')}
        onConfirm={end}
      >
        <p>{t('connection.endText')}</p>
      </ConfirmDialog>
    </>
  )
}
