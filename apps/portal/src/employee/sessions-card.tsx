import { answerOf, type operations } from '@sallyport/api-client'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { LogOut } from 'lucide-react'
import { type JSX, useState } from 'react'
import { useTranslations } from 'use-intl'

import { api } from '../api/api.ts'
import { tellOtherTabs } from '../session/other-tabs.ts'
import { ProblemNotice } from '../session/problem-notice.tsx'
import { Badge } from '../ui/badge.tsx'
import { Button } from '../ui/button.tsx'
import { ConfirmDialog } from '../ui/dialog.tsx'
import { Card, Muted, Skeleton } from '../ui/layout.tsx'
import { RelativeTime } from '../ui/time.tsx'
import { useToast } from '../ui/toast.tsx'
import styles from './employee.module.css'
import { browserNameOf } from './user-agent.ts'

type Session = operations['ownSessionsList']['responses'][200]['content']['application/json'][number]

/** Lists where the reader is signed in to the portal, and ends one of these sessions or all. */
export function SessionsCard(): JSX.Element {
  const t = useTranslations('employee')
  const { data, error } = useQuery({
    queryKey: ['own-account', 'sessions'],
    queryFn: ({ signal }) => answerOf(api.GET('/api/v1/me/sessions', { signal })),
  })
  return (
    <Card title={t('sessions.title')} lead={t('sessions.lead')}>
      {data === undefined ? (
        error === null ? (
          <Skeleton lines={4} />
        ) : (
          <ProblemNotice problem={error} />
        )
      ) : (
        <ul className={styles.list}>
          {data.map((session) => (
            <li key={session.sessionId}>
              <SessionEntry session={session} />
            </li>
          ))}
        </ul>
      )}
      <SignOutEverywhere />
    </Card>
  )
}

function SessionEntry({ session }: { readonly session: Session }): JSX.Element {
  const t = useTranslations('employee')
  const queries = useQueryClient()
  const say = useToast()
  const [isAsking, setAsking] = useState(false)
  const { browser, system } = browserNameOf(session.userAgent)
  const systemName = system === undefined ? t('sessions.unknownSystem') : t(`systems.${system}`)
  const name =
    browser === undefined ? t('sessions.unknownBrowser') : t('sessions.browser', { browser, system: systemName })
  const end = async (): Promise<void> => {
    const params = { path: { sessionId: session.sessionId } }
    await answerOf(api.DELETE('/api/v1/me/sessions/{sessionId}', { params }))
    await queries.invalidateQueries({ queryKey: ['own-account', 'sessions'] })
    say(t('sessions.ended'))
  }
  return (
    <>
      <div className={styles.entry}>
        <strong>{name}</strong>
        <Muted>
          {t.rich('sessions.about', {
            address: session.address,
            used: () => <RelativeTime at={session.lastUsedAt} />,
            started: () => <RelativeTime at={session.startedAt} />,
          })}
        </Muted>
      </div>
      {session.current ? (
        <Badge tone="success">{t('sessions.current')}</Badge>
      ) : (
        <Button
          size="small"
          onClick={() => {
            setAsking(true)
          }}
        >
          {t('sessions.end')}
        </Button>
      )}
      <ConfirmDialog
        open={isAsking}
        onClose={() => {
          setAsking(false)
        }}
        title={t('sessions.endTitle', { name })}
        undo={t('sessions.endUndo')}
        confirm={t('sessions.end')}
        onConfirm={end}
      >
        <p>{t('sessions.endText')}</p>
      </ConfirmDialog>
    </>
  )
}

function SignOutEverywhere(): JSX.Element {
  const t = useTranslations('employee')
  const queries = useQueryClient()
  const navigate = useNavigate()
  const [isAsking, setAsking] = useState(false)
  const signOut = async (): Promise<void> => {
    await answerOf(api.POST('/api/v1/me/sign-out-everywhere'))
    tellOtherTabs()
    await navigate({ to: '/sign-in', search: {}, ignoreBlocker: true })
    queries.clear()
  }
  return (
    <div>
      <Button
        icon={<LogOut size={18} aria-hidden="true" />}
        onClick={() => {
          setAsking(true)
        }}
      >
        {t('sessions.everywhere')}
      </Button>
      <ConfirmDialog
        open={isAsking}
        onClose={() => {
          setAsking(false)
        }}
        title={t('sessions.everywhereTitle')}
        undo={t('sessions.everywhereUndo')}
        confirm={t('sessions.everywhere')}
        onConfirm={signOut}
      >
        <p>{t('sessions.everywhereText')}</p>
      </ConfirmDialog>
    </div>
  )
}
