import { answerOf } from '@sallyport/api-client'
import { useNavigate } from '@tanstack/react-router'
import type { JSX } from 'react'
import { useTranslations } from 'use-intl'

import { api } from '../../api/api.ts'
import { ConfirmDialog } from '../../ui/dialog.tsx'
import { useToast } from '../../ui/toast.tsx'
import type { Group } from '../users/people.ts'
import { useUserChange } from '../users/use-user-act.ts'

/** Asks before a group and its rules are deleted. */
export function GroupDelete({ group, onClose }: { readonly group: Group; readonly onClose: () => void }): JSX.Element {
  const t = useTranslations('people.groups.delete')
  const change = useUserChange()
  const say = useToast()
  const navigate = useNavigate()
  const { groupId, name, members: count } = group
  const remove = async (): Promise<void> => {
    await change(async () => {
      await answerOf(api.DELETE('/api/v1/groups/{id}', { params: { path: { id: groupId } } }))
      await navigate({ to: '/admin/groups', search: {} })
    })
    say(t('done', { name }))
  }
  return (
    <ConfirmDialog open onClose={onClose} title={t('title', { name })} confirm={t('button')} onConfirm={remove}>
      <p>{t('what', { count })}</p>
      <p>{t('live')}</p>
    </ConfirmDialog>
  )
}
