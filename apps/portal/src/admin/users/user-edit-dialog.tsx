import { type JSX, type SubmitEvent, useState } from 'react'
import { useTranslations } from 'use-intl'

import { hasIssue } from '../../api/issue-place.ts'
import { useProblemText } from '../../api/problem-text.ts'
import { LostOnLeaving } from '../../session/leaving.ts'
import { useMe } from '../../session/me.ts'
import { Button } from '../../ui/button.tsx'
import { Dialog, DialogActions } from '../../ui/dialog.tsx'
import { Stack } from '../../ui/layout.tsx'
import { Notice } from '../../ui/notice.tsx'
import { useToast } from '../../ui/toast.tsx'
import { useFocusInvalid } from '../../ui/use-focus-invalid.ts'
import type { User } from './people.ts'
import { useUserAct } from './use-user-act.ts'
import { changeUser } from './user-acts.ts'
import { followUser, userChangeOf, type UserForm } from './user-change.ts'
import { type UserDraft, UserFields } from './user-fields.tsx'

interface UserEditDialogProps {
  readonly user: User
  readonly isOwn: boolean
  readonly onClose: () => void
}

/** Changes name, address, role and groups of a user; the toast takes it back. */
export function UserEditDialog({ user, isOwn, onClose }: UserEditDialogProps): JSX.Element {
  const t = useTranslations('people.form')
  const common = useTranslations('common')
  const problemText = useProblemText()
  const { permissions } = useMe()
  const act = useUserAct()
  const say = useToast()
  const { before, draft, setDraft } = useUserForm(user)
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<unknown>()
  const mayGroup = permissions.includes('groups.write')
  const save = async (): Promise<void> => {
    setBusy(true)
    setProblem(undefined)
    try {
      if (!(await act(() => changeUser(user.userId, userChangeOf(before, draft, mayGroup))))) return
      const takeBack = (): void => {
        act(() => changeUser(user.userId, userChangeOf(draft, before, mayGroup))).catch((error: unknown) => {
          say(problemText(error))
        })
      }
      say(common('saved'), { label: common('undo'), act: takeBack })
      onClose()
    } catch (error) {
      setProblem(error)
    } finally {
      setBusy(false)
    }
  }
  const isChanged = Object.keys(userChangeOf(before, draft, mayGroup)).length > 0
  const form = useFocusInvalid(problem)
  const submit = (event: SubmitEvent): void => {
    event.preventDefault()
    void save()
  }
  const isAtField = ['displayName', 'email'].some((path) => hasIssue(problem, path))
  return (
    <Dialog open wide onClose={onClose} title={t('editTitle', { name: user.username })}>
      <form ref={form} onSubmit={submit}>
        <LostOnLeaving loss="changes" when={isChanged} />
        <Stack>
          <UserFields draft={draft} onChange={setDraft} problem={problem} isOwn={isOwn} />
          {problem === undefined || isAtField ? null : <Notice tone="danger">{problemText(problem)}</Notice>}
          <DialogActions>
            <Button onClick={onClose}>{common('cancel')}</Button>
            <Button type="submit" variant="primary" busy={busy}>
              {common('save')}
            </Button>
          </DialogActions>
        </Stack>
      </form>
    </Dialog>
  )
}

/** Keeps what is typed; what is not touched follows what others save meanwhile. */
function useUserForm(user: User): UserForm & { readonly setDraft: (draft: UserDraft) => void } {
  const stored = draftOf(user)
  const [held, setHeld] = useState<UserForm>({ before: stored, draft: stored })
  const form = followUser(held, stored)
  if (form !== held) setHeld(form)
  return {
    ...form,
    setDraft: (draft) => {
      setHeld({ before: form.before, draft })
    },
  }
}

function draftOf({ displayName, email, role, groups }: User): UserDraft {
  const groupIds = groups.map(({ groupId }) => groupId)
  return { displayName: displayName ?? '', email: email ?? '', role, groupIds }
}
