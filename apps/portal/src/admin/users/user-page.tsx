import { getRouteApi } from '@tanstack/react-router'
import { LockKeyhole, Pencil } from 'lucide-react'
import { type JSX, useState } from 'react'
import { useFormatter, useTranslations } from 'use-intl'

import { useProblemText } from '../../api/problem-text.ts'
import { useMe } from '../../session/me.ts'
import { Button } from '../../ui/button.tsx'
import { Page, Skeleton, Stack } from '../../ui/layout.tsx'
import { Notice } from '../../ui/notice.tsx'
import { useToast } from '../../ui/toast.tsx'
import { type User, useUser } from './people.ts'
import { useUserAct } from './use-user-act.ts'
import { unlock } from './user-acts.ts'
import { UserAttempts } from './user-attempts.tsx'
import { UserConnections } from './user-connections.tsx'
import { UserDevices } from './user-devices.tsx'
import { UserEditDialog } from './user-edit-dialog.tsx'
import { UserFacts } from './user-facts.tsx'
import styles from './user-page.module.css'
import { UserPolicy } from './user-policy.tsx'
import { UserSecurityActs } from './user-security-acts.tsx'

const route = getRouteApi('/signed-in/administration/admin/users/$userId')

/** Shows everything about one user, and what can be done for them. */
export function UserPage(): JSX.Element {
  const t = useTranslations('people.user')
  const problemText = useProblemText()
  const { userId } = route.useParams()
  const { data: user, error } = useUser(userId)
  if (user === undefined) {
    return (
      <Page title={t('title')}>
        {error === null ? <Skeleton lines={12} /> : <Notice tone="danger">{problemText(error)}</Notice>}
      </Page>
    )
  }
  return <ShownUser user={user} />
}

function ShownUser({ user }: { readonly user: User }): JSX.Element {
  const t = useTranslations('people.user')
  const { permissions, user: own } = useMe()
  const mayWrite = permissions.includes('users.write')
  const isOwn = own.userId === user.userId
  const { userId } = user
  return (
    <Page
      title={user.displayName ?? user.username}
      lead={user.displayName === null ? undefined : user.username}
      actions={mayWrite ? <EditButton user={user} isOwn={isOwn} /> : undefined}
    >
      {user.lockedUntil === null ? null : <LockedNotice user={user} until={user.lockedUntil} mayWrite={mayWrite} />}
      {isOwn ? <Notice>{t('own')}</Notice> : null}
      <div className={styles.columns}>
        <Stack>
          <UserAttempts userId={userId} />
          {permissions.includes('connections.read') ? <UserConnections userId={userId} /> : null}
          {permissions.includes('devices.read') ? <UserDevices userId={userId} /> : null}
        </Stack>
        <Stack>
          <UserFacts user={user} />
          {mayWrite && !isOwn ? <UserSecurityActs user={user} /> : null}
        </Stack>
      </div>
      {permissions.includes('policy.read') ? <UserPolicy userId={userId} /> : null}
    </Page>
  )
}

function EditButton({ user, isOwn }: { readonly user: User; readonly isOwn: boolean }): JSX.Element {
  const t = useTranslations('people.user')
  const [isOpen, setOpen] = useState(false)
  return (
    <>
      <Button
        icon={<Pencil size={18} aria-hidden="true" />}
        onClick={() => {
          setOpen(true)
        }}
      >
        {t('edit')}
      </Button>
      {isOpen ? (
        <UserEditDialog
          user={user}
          isOwn={isOwn}
          onClose={() => {
            setOpen(false)
          }}
        />
      ) : null}
    </>
  )
}

interface LockedNoticeProps {
  readonly user: User
  readonly until: string
  readonly mayWrite: boolean
}

function LockedNotice({ user, until, mayWrite }: LockedNoticeProps): JSX.Element {
  const t = useTranslations('people.user')
  const format = useFormatter()
  const problemText = useProblemText()
  const act = useUserAct()
  const say = useToast()
  const [busy, setBusy] = useState(false)
  const unlockUser = async (): Promise<void> => {
    setBusy(true)
    try {
      if (await act(() => unlock(user.userId))) say(t('unlocked', { name: user.username }))
    } catch (error) {
      say(problemText(error))
    } finally {
      setBusy(false)
    }
  }
  return (
    <Notice
      tone="warning"
      title={t('lockedTitle', { time: format.dateTime(new Date(until), { timeStyle: 'medium' }) })}
      actions={
        mayWrite ? (
          <Button
            size="small"
            busy={busy}
            icon={<LockKeyhole size={16} aria-hidden="true" />}
            onClick={() => void unlockUser()}
          >
            {t('unlock')}
          </Button>
        ) : undefined
      }
    >
      {t('locked')}
    </Notice>
  )
}
