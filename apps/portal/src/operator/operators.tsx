import { answerOf, type operations } from '@sallyport/api-client'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { UserPlus } from 'lucide-react'
import { type JSX, type SubmitEvent, useState } from 'react'
import { useTranslations } from 'use-intl'

import { api } from '../api/api.ts'
import { hasIssue } from '../api/issue-place.ts'
import { present } from '../api/search-params.ts'
import { useMe } from '../session/me.ts'
import { ProblemNotice } from '../session/problem-notice.tsx'
import { useProof } from '../session/proof.ts'
import { Button, LinkButton } from '../ui/button.tsx'
import { Dialog, DialogActions } from '../ui/dialog.tsx'
import { TextField } from '../ui/field.tsx'
import { Card, Stack } from '../ui/layout.tsx'
import { OneTimePassword } from './one-time-password.tsx'

type Body = NonNullable<operations['operatorsCreate']['requestBody']>['content']['application/json']

/** Leads to the operators, and creates another. */
export function Operators(): JSX.Element {
  const t = useTranslations('platform.operators')
  const { user } = useMe()
  const [isOpen, setOpen] = useState(false)
  return (
    <Card title={t('title')} lead={t('lead')}>
      <DialogActions>
        {user.role === 'operator' ? <LinkButton to="/admin/users">{t('show')}</LinkButton> : null}
        <Button
          icon={<UserPlus size={18} aria-hidden="true" />}
          onClick={() => {
            setOpen(true)
          }}
        >
          {t('create')}
        </Button>
      </DialogActions>
      {isOpen ? (
        <CreateOperator
          onClose={() => {
            setOpen(false)
          }}
        />
      ) : null}
    </Card>
  )
}

function CreateOperator({ onClose }: { readonly onClose: () => void }): JSX.Element {
  const t = useTranslations('platform.operators')
  const queries = useQueryClient()
  const withProof = useProof()
  const create = useMutation({
    mutationFn: (body: Body) => withProof(() => answerOf(api.POST('/api/v1/platform/operators', { body }))),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['users'] }),
    // The answer has a password: it goes with the dialog.
    gcTime: 0,
  })
  const created = create.data
  return (
    <Dialog open onClose={onClose} title={t('createTitle')} description={t('createWhat')}>
      {created === undefined ? (
        <OperatorForm problem={create.error} busy={create.isPending} onCreate={create.mutate} />
      ) : (
        <OneTimePassword
          tenant={created.tenant}
          username={created.username}
          password={created.oneTimePassword ?? ''}
          onClose={onClose}
        />
      )}
    </Dialog>
  )
}

interface OperatorFormProps {
  readonly problem: unknown
  readonly busy: boolean
  readonly onCreate: (body: Body) => void
}

function OperatorForm({ problem, busy, onCreate }: OperatorFormProps): JSX.Element {
  const t = useTranslations('platform.operators')
  const [username, setUsername] = useState('')
  const [displayName, setDisplayName] = useState('')
  const submit = (event: SubmitEvent): void => {
    event.preventDefault()
    const name = displayName.trim()
    onCreate({ username, credential: 'one-time-password', ...present({ displayName: name === '' ? undefined : name }) })
  }
  return (
    <form onSubmit={submit}>
      <Stack>
        <TextField
          label={t('username')}
          autoComplete="off"
          autoCapitalize="none"
          required
          longest={64}
          value={username}
          error={hasIssue(problem, 'username') ? t('problems.username') : undefined}
          onChange={(event) => {
            setUsername(event.target.value)
          }}
        />
        <TextField
          label={t('displayName')}
          autoComplete="off"
          maxLength={128}
          value={displayName}
          error={hasIssue(problem, 'displayName') ? t('problems.displayName') : undefined}
          onChange={(event) => {
            setDisplayName(event.target.value)
          }}
        />
        <ProblemNotice problem={problem} />
        <DialogActions>
          <Button type="submit" variant="primary" busy={busy}>
            {t('create')}
          </Button>
        </DialogActions>
      </Stack>
    </form>
  )
}
