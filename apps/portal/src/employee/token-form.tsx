import { answerOf } from '@sallyport/api-client'
import { useQueryClient } from '@tanstack/react-query'
import { type JSX, type SubmitEvent, useState } from 'react'
import { useTranslations } from 'use-intl'

import { api } from '../api/api.ts'
import { useLostOnLeaving } from '../session/leaving.ts'
import { type Me, useMe } from '../session/me.ts'
import { ProblemNotice } from '../session/problem-notice.tsx'
import { useProof } from '../session/proof.ts'
import { useTask } from '../session/use-task.ts'
import { Button } from '../ui/button.tsx'
import { CopyText } from '../ui/copy-text.tsx'
import { DialogActions } from '../ui/dialog.tsx'
import { Checkbox, FieldGroup, SelectField, TextField } from '../ui/field.tsx'
import { Stack } from '../ui/layout.tsx'
import { Notice } from '../ui/notice.tsx'

type Permission = Me['permissions'][number]

const DAY_SECONDS = 24 * 3600
const LIFETIMES_DAYS = [7, 30, 90, 365] as const

/** Makes an API token and shows it, the one time that it is there. */
export function TokenForm(): JSX.Element {
  const t = useTranslations('employee')
  const common = useTranslations('common')
  // Undefined until the form was open: then its button has the focus again.
  const [isOpen, setOpen] = useState<boolean>()
  const [token, setToken] = useState<string>()
  if (token !== undefined) {
    return (
      <Notice
        tone="success"
        title={t('tokens.madeTitle')}
        actions={
          <Button
            onClick={() => {
              setToken(undefined)
              setOpen(false)
            }}
          >
            {common('close')}
          </Button>
        }
      >
        <p>{t('tokens.made')}</p>
        <CopyText once text={token} label={t('tokens.label')} />
      </Notice>
    )
  }
  if (isOpen !== true) {
    return (
      <div>
        <Button
          autoFocus={isOpen === false}
          onClick={() => {
            setOpen(true)
          }}
        >
          {t('tokens.make')}
        </Button>
      </div>
    )
  }
  return (
    <TokenWish
      onMade={setToken}
      onCancel={() => {
        setOpen(false)
      }}
    />
  )
}

interface TokenWishProps {
  readonly onMade: (token: string) => void
  readonly onCancel: () => void
}

function TokenWish({ onMade, onCancel }: TokenWishProps): JSX.Element {
  const t = useTranslations('employee')
  const common = useTranslations('common')
  const queries = useQueryClient()
  const withProof = useProof()
  const { permissions } = useMe()
  const { busy, problem, run } = useTask()
  const [name, setName] = useState('')
  const [days, setDays] = useState<number>(90)
  const [scopes, setScopes] = useState<readonly Permission[]>(['self.read'])
  useLostOnLeaving('changes', name !== '' || scopes.length > 1)
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault()
    const body = { name: name.trim(), scopes: [...scopes], expiresInSeconds: days * DAY_SECONDS }
    await run(async () => {
      const made = await withProof(() => answerOf(api.POST('/api/v1/me/api-tokens', { body })))
      onMade(made.token)
      await queries.invalidateQueries({ queryKey: ['own-account', 'api-tokens'] })
    })
  }
  return (
    <form onSubmit={(event) => void submit(event)}>
      <Stack>
        <TextField
          label={t('tokens.name')}
          description={t('tokens.nameHelp')}
          autoFocus
          required
          maxLength={64}
          value={name}
          onChange={(event) => {
            setName(event.target.value)
          }}
        />
        <SelectField
          label={t('tokens.lifetime')}
          value={days}
          onChange={(event) => {
            setDays(Number(event.target.value))
          }}
        >
          {LIFETIMES_DAYS.map((lifetime) => (
            <option key={lifetime} value={lifetime}>
              {t('tokens.days', { days: lifetime })}
            </option>
          ))}
        </SelectField>
        <FieldGroup legend={t('tokens.scopes')}>
          {permissions.map((permission) => (
            <Checkbox
              key={permission}
              label={<code>{permission}</code>}
              checked={scopes.includes(permission)}
              onChange={(event) => {
                const others = scopes.filter((scope) => scope !== permission)
                setScopes(event.target.checked ? [...others, permission] : others)
              }}
            />
          ))}
        </FieldGroup>
        <ProblemNotice problem={problem} />
        <DialogActions>
          <Button onClick={onCancel}>{common('cancel')}</Button>
          <Button type="submit" variant="primary" busy={busy} disabled={scopes.length === 0}>
            {t('tokens.make')}
          </Button>
        </DialogActions>
      </Stack>
    </form>
  )
}
