import type { JSX } from 'react'
import { useTranslations } from 'use-intl'

import { useProblemText } from '../../api/problem-text.ts'
import { ConfirmDialog } from '../../ui/dialog.tsx'
import { useToast } from '../../ui/toast.tsx'
import type { Group } from '../users/people.ts'
import { useUserChange } from '../users/use-user-act.ts'
import { addMember, removeMember } from './group-acts.ts'
import type { Member } from './group-members.tsx'

interface GroupRemoveMemberProps {
  readonly group: Group
  readonly member: Member
  readonly onClose: () => void
}

/** Asks before a user is taken out of a group; the toast puts them back. */
export function GroupRemoveMember({ group, member, onClose }: GroupRemoveMemberProps): JSX.Element {
  const t = useTranslations('people.members')
  const common = useTranslations('common')
  const problemText = useProblemText()
  const change = useUserChange()
  const say = useToast()
  const { groupId } = group
  const { userId, username } = member
  const names = { user: username, group: group.name }
  const remove = async (): Promise<void> => {
    await change(() => removeMember(groupId, userId))
    say(t('removed', names), {
      label: common('undo'),
      act: () => {
        change(() => addMember(groupId, userId)).catch((error: unknown) => {
          say(problemText(error))
        })
      },
    })
  }
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      title={t('removeTitle', names)}
      undo={t('removeUndo')}
      confirm={t('remove')}
      onConfirm={remove}
    >
      <p>{t('removeWhat', names)}</p>
    </ConfirmDialog>
  )
}
