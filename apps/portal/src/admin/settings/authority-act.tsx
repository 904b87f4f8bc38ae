import type { JSX, ReactNode } from 'react'
import { useTranslations } from 'use-intl'

import { useChange } from '../../session/use-act.ts'
import { ConfirmDialog } from '../../ui/dialog.tsx'
import { useToast } from '../../ui/toast.tsx'
import { activateAuthority, type Authority, prepareAuthority, retireAuthority } from './authorities.ts'

/** A step of rolling an authority over. */
export type AuthorityActName = 'prepare' | 'activate' | 'retire'

interface AuthorityActProps {
  readonly act: AuthorityActName
  /** Absent when the next one is to be made. */
  readonly authority?: Authority
  readonly onClose: () => void
}

/** Asks before a step, and says how many devices cannot connect after it. */
export function AuthorityAct({ act, authority, onClose }: AuthorityActProps): JSX.Element {
  const t = useTranslations('settings.authorities')
  const change = useChange(['authorities', 'devices', 'connections'])
  const say = useToast()
  const lost = lostDevices(act, authority)
  const run = async (): Promise<void> => {
    await change(() => work(act, authority, lost > 0))
    say(t(`${act}.done`))
  }
  const what: ReactNode = lost > 0 ? t(`${act}.lost`, { count: lost }) : null
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      title={t(`${act}.title`, { name: authority?.name ?? '' })}
      {...(act === 'prepare' ? { undo: t('prepare.undo') } : {})}
      {...(lost > 0 && authority !== undefined ? { typed: String(lost) } : {})}
      confirm={t(`${act}.button`)}
      onConfirm={run}
    >
      <p>{t(`${act}.what`)}</p>
      {what === null ? null : <p>{what}</p>}
    </ConfirmDialog>
  )
}

/** How many devices cannot connect afterwards without a new profile. */
function lostDevices(act: AuthorityActName, authority: Authority | undefined): number {
  if (authority === undefined || act === 'prepare') return 0
  return act === 'activate' ? authority.devicesWithout : authority.devices
}

function work(act: AuthorityActName, authority: Authority | undefined, force: boolean): Promise<unknown> {
  if (authority === undefined || act === 'prepare') return prepareAuthority()
  const { authorityId } = authority
  return act === 'activate' ? activateAuthority(authorityId, force) : retireAuthority(authorityId, force)
}
