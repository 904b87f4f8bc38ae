import { answerOf } from '@sallyport/api-client'
import { useQueryClient } from '@tanstack/react-query'
import { type JSX, type SubmitEvent, useState } from 'react'
import { useTranslations } from 'use-intl'

import { api } from '../../api/api.ts'
import { hasIssue } from '../../api/issue-place.ts'
import { isRefusal, useProblemText } from '../../api/problem-text.ts'
import { LostOnLeaving, useLeave } from '../../session/leaving.ts'
import { NotProvenError, useProof } from '../../session/proof.ts'
import { Button, LinkButton } from '../../ui/button.tsx'
import { Dialog, DialogActions } from '../../ui/dialog.tsx'
import { Checkbox, FieldGroup, TextField } from '../../ui/field.tsx'
import { Focused } from '../../ui/focused.tsx'
import { Stack } from '../../ui/layout.tsx'
import { Notice } from '../../ui/notice.tsx'
import { useFocusInvalid } from '../../ui/use-focus-invalid.ts'
import { type Credential, HandedOut } from './handed-out.tsx'
import { type UserDraft, UserFields } from './user-fields.tsx'

const EMPTY: UserDraft = { displayName: '', email: '', role: 'user', groupIds: [] }
const CREDENTIALS = ['invitation', 'one-time-password'] as const

interface Made {
  readonly userId: string
  readonly credential: Credential
}

/** Makes a user, and shows once what they sign in with first. */
export function UserCreateDialog({ onClose }: { readonly onClose: () => void }): JSX.Element {
  const t = useTranslations('people.form')
  const [made, setMade] = useState<Made>()
  if (made === undefined) {
    return (
      <Dialog open wide onClose={onClose} title={t('createTitle')} description={t('createLead')}>
        <CreateForm onMade={setMade} onClose={onClose} />
      </Dialog>
    )
  }
  const again = (): void => {
    setMade(undefined)
  }
  return (
    <Dialog open wide onClose={onClose} title={t('createdTitle', { name: made.credential.username })}>
      <Created made={made} onAgain={again} onClose={onClose} />
    </Dialog>
  )
}

interface CreatedProps {
  readonly made: Made
  readonly onAgain: () => void
  readonly onClose: () => void
}

function Created({ made, onAgain, onClose }: CreatedProps): JSX.Element {
  const t = useTranslations('people.form')
  const leave = useLeave()
  return (
    <Stack>
      <Focused>
        <HandedOut {...made.credential} />
      </Focused>
      <DialogActions>
        <LinkButton to="/admin/users/$userId" params={{ userId: made.userId }}>
          {t('toUser')}
        </LinkButton>
        <Button
          onClick={() => {
            leave(onAgain)
          }}
        >
          {t('another')}
        </Button>
        <Button variant="primary" onClick={onClose}>
          {t('done')}
        </Button>
      </DialogActions>
    </Stack>
  )
}

interface CreateFormProps {
  readonly onMade: (made: Made) => void
  readonly onClose: () => void
}

function CreateForm({ onMade, onClose }: CreateFormProps): JSX.Element {
  const t = useTranslations('people.form')
  const problemText = useProblemText()
  const { create, busy, problem } = useCreateUser(onMade)
  const [username, setUsername] = useState('')
  const [draft, setDraft] = useState(EMPTY)
  const [credential, setCredential] = useState<(typeof CREDENTIALS)[number]>('invitation')
  const form = useFocusInvalid(problem)
  const submit = (event: SubmitEvent): void => {
    event.preventDefault()
    void create(username, draft, credential)
  }
  const isNamed = hasIssue(problem, 'username')
  const taken = isRefusal(problem, 'username-taken')
  const isAtField = taken || isNamed || ['displayName', 'email'].some((path) => hasIssue(problem, path))
  return (
    <form ref={form} onSubmit={submit}>
      <LostOnLeaving loss="changes" when={username !== '' || JSON.stringify(draft) !== JSON.stringify(EMPTY)} />
      <Stack>
        <TextField
          label={t('username')}
          description={t('usernameHint')}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          required
          longest={64}
          value={username}
          error={taken ? problemText(problem) : isNamed ? t('problems.username') : undefined}
          onChange={({ target }) => {
            setUsername(target.value)
          }}
        />
        <UserFields draft={draft} onChange={setDraft} problem={problem} />
        <FieldGroup legend={t('credential')}>
          {CREDENTIALS.map((kind) => (
            <Checkbox
              key={kind}
              type="radio"
              name="credential"
              label={t(`credentials.${kind}`)}
              description={t(`credentialHints.${kind}`)}
              checked={credential === kind}
              onChange={() => {
                setCredential(kind)
              }}
            />
          ))}
        </FieldGroup>
        {problem === undefined || isAtField ? null : <Notice tone="danger">{problemText(problem)}</Notice>}
        <DialogActions>
          <Button onClick={onClose}>{t('cancel')}</Button>
          <Button type="submit" variant="primary" busy={busy}>
            {credential === 'invitation' ? t('invite') : t('create')}
          </Button>
        </DialogActions>
      </Stack>
    </form>
  )
}

interface CreateUser {
  readonly create: (username: string, draft: UserDraft, credential: (typeof CREDENTIALS)[number]) => Promise<void>
  readonly busy: boolean
  readonly problem: unknown
}

function useCreateUser(onMade: (made: Made) => void): CreateUser {
  const withProof = useProof()
  const queries = useQueryClient()
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<unknown>()
  const create: CreateUser['create'] = async (username, { displayName, email, role, groupIds }, credential) => {
    setBusy(true)
    setProblem(undefined)
    const names = { ...(displayName.trim() !== '' && { displayName }), ...(email.trim() !== '' && { email }) }
    const body = { username, role, credential, ...names, ...(groupIds.length > 0 && { groupIds: [...groupIds] }) }
    try {
      const made = await withProof(() => answerOf(api.POST('/api/v1/users', { body })))
      const { userId, oneTimePassword, invitation: link } = made
      onMade({ userId, credential: { username: made.username, oneTimePassword, link } })
      await queries.invalidateQueries({ queryKey: ['users'] })
    } catch (error) {
      if (!(error instanceof NotProvenError)) setProblem(error)
    } finally {
      setBusy(false)
    }
  }
  return { create, busy, problem }
}
