import { answerOf } from '@sallyport/api-client'
import { useNavigate } from '@tanstack/react-router'
import { type JSX, type SubmitEvent, useState } from 'react'
import { useTranslations } from 'use-intl'

import { api } from '../../api/api.ts'
import { hasIssue } from '../../api/issue-place.ts'
import { useProblemText } from '../../api/problem-text.ts'
import { Button } from '../../ui/button.tsx'
import { Dialog, DialogActions } from '../../ui/dialog.tsx'
import { TextField } from '../../ui/field.tsx'
import { Stack } from '../../ui/layout.tsx'
import type { Group } from '../users/people.ts'
import { useUserAct } from '../users/use-user-act.ts'

interface GroupNameDialogProps {
  /** The one to rename; a new one if absent. */
  readonly group?: Group
  readonly onClose: () => void
}

/** Asks for the name of a group, a new one or one that is renamed. */
export function GroupNameDialog({ group, onClose }: GroupNameDialogProps): JSX.Element {
  const t = useTranslations('people.groups')
  const common = useTranslations('common')
  const problemText = useProblemText()
  const act = useUserAct()
  const navigate = useNavigate()
  const [name, setName] = useState(group?.name ?? '')
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<unknown>()
  const save = async (): Promise<void> => {
    setBusy(true)
    setProblem(undefined)
    try {
      const isDone = await act(async () => {
        if (group === undefined) {
          const { groupId } = await answerOf(api.POST('/api/v1/groups', { body: { name } }))
          await navigate({ to: '/admin/groups/$groupId', params: { groupId } })
        } else {
          const path = { id: group.groupId }
          await answerOf(api.PATCH('/api/v1/groups/{id}', { params: { path }, body: { name } }))
        }
      })
      if (isDone) onClose()
    } catch (error) {
      setProblem(error)
    } finally {
      setBusy(false)
    }
  }
  const submit = (event: SubmitEvent): void => {
    event.preventDefault()
    void save()
  }
  const error = problem === undefined ? undefined : hasIssue(problem, 'name') ? t('nameProblem') : problemText(problem)
  return (
    <Dialog open onClose={onClose} title={group === undefined ? t('add') : t('renameTitle', { name: group.name })}>
      <form onSubmit={submit}>
        <Stack>
          <TextField
            label={t('name')}
            required
            longest={64}
            autoComplete="off"
            value={name}
            error={error}
            onChange={({ target }) => {
              setName(target.value)
            }}
          />
          <DialogActions>
            <Button onClick={onClose}>{common('cancel')}</Button>
            <Button type="submit" variant="primary" busy={busy}>
              {group === undefined ? t('create') : common('save')}
            </Button>
          </DialogActions>
        </Stack>
      </form>
    </Dialog>
  )
}
