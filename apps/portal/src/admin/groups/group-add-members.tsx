import { type JSX, useState } from 'react'
import { useTranslations } from 'use-intl'

import { useProblemText } from '../../api/problem-text.ts'
import { Button } from '../../ui/button.tsx'
import { Dialog, DialogActions } from '../../ui/dialog.tsx'
import { Stack } from '../../ui/layout.tsx'
import { Notice } from '../../ui/notice.tsx'
import type { Group, User } from '../users/people.ts'
import { useUserAct } from '../users/use-user-act.ts'
import { UserPicker } from '../users/user-picker.tsx'
import { addMember } from './group-acts.ts'

/** Finds users and puts them into a group, one after the other. */
export function AddMembers({ group, onClose }: { readonly group: Group; readonly onClose: () => void }): JSX.Element {
  const t = useTranslations('people.members')
  const common = useTranslations('common')
  const problemText = useProblemText()
  const act = useUserAct()
  const [added, setAdded] = useState<string>()
  const [problem, setProblem] = useState<unknown>()
  const { groupId, name } = group
  const add = async ({ userId, username }: User): Promise<void> => {
    setProblem(undefined)
    try {
      if (await act(() => addMember(groupId, userId))) setAdded(username)
    } catch (error) {
      setProblem(error)
    }
  }
  const isChosen = ({ groups }: User): boolean => groups.some((one) => one.groupId === groupId)
  return (
    <Dialog open onClose={onClose} title={t('addTitle', { name })} description={t('addLead')}>
      <Stack>
        <UserPicker
          choose={t('addOne')}
          onChoose={(user) => void add(user)}
          without={{ isChosen, why: t('isMember') }}
        />
        <span role="status">{added === undefined ? '' : t('added', { name: added })}</span>
        {problem === undefined ? null : <Notice tone="danger">{problemText(problem)}</Notice>}
        <DialogActions>
          <Button variant="primary" onClick={onClose}>
            {common('close')}
          </Button>
        </DialogActions>
      </Stack>
    </Dialog>
  )
}
