import { answerOf } from '@sallyport/api-client'
import { useQueryClient } from '@tanstack/react-query'
import { Pencil, Trash2 } from 'lucide-react'
import { type JSX, type SubmitEvent, useState } from 'react'
import { useTranslations } from 'use-intl'

import { api } from '../api/api.ts'
import type { OwnFactors } from '../session/own-factors.ts'
import { ProblemNotice } from '../session/problem-notice.tsx'
import { useTask } from '../session/use-task.ts'
import { Button } from '../ui/button.tsx'
import { ConfirmDialog } from '../ui/dialog.tsx'
import { TextField } from '../ui/field.tsx'
import { Muted, Row } from '../ui/layout.tsx'
import { RelativeTime } from '../ui/time.tsx'
import { useToast } from '../ui/toast.tsx'
import styles from './employee.module.css'

type Passkey = OwnFactors['passkeys'][number]

/** Shows a passkey, and lets its owner rename or remove it. */
export function PasskeyEntry({ passkey }: { readonly passkey: Passkey }): JSX.Element {
  const t = useTranslations('employee')
  const [isRenaming, setRenaming] = useState<boolean>()
  const { name, createdAt, lastUsedAt } = passkey
  if (isRenaming === true) {
    return (
      <PasskeyName
        passkey={passkey}
        onDone={() => {
          setRenaming(false)
        }}
      />
    )
  }
  return (
    <>
      <div className={styles.entry}>
        <strong>{name}</strong>
        <Muted>
          {t.rich('passkeys.about', {
            created: () => <RelativeTime at={createdAt} />,
            used: () => (lastUsedAt === null ? t('passkeys.never') : <RelativeTime at={lastUsedAt} />),
          })}
        </Muted>
      </div>
      <Row>
        <Button
          variant="quiet"
          size="small"
          autoFocus={isRenaming === false}
          label={t('passkeys.rename', { name })}
          icon={<Pencil size={16} aria-hidden="true" />}
          onClick={() => {
            setRenaming(true)
          }}
        />
        <PasskeyRemoval passkey={passkey} />
      </Row>
    </>
  )
}

function PasskeyName({ passkey, onDone }: { readonly passkey: Passkey; readonly onDone: () => void }): JSX.Element {
  const session = useTranslations('session')
  const common = useTranslations('common')
  const queries = useQueryClient()
  const { busy, problem, run } = useTask()
  const [name, setName] = useState(passkey.name)
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault()
    const params = { path: { id: passkey.passkeyId } }
    const body = { name: name.trim() }
    if (!(await run(() => answerOf(api.PATCH('/api/v1/me/passkeys/{id}', { params, body }))))) return
    await queries.invalidateQueries({ queryKey: ['own-account'] })
    onDone()
  }
  return (
    <form className={styles.entry} onSubmit={(event) => void submit(event)}>
      <div className={styles.rename}>
        <TextField
          label={session('passkey.name')}
          autoFocus
          required
          maxLength={64}
          value={name}
          onChange={(event) => {
            setName(event.target.value)
          }}
        />
        <Button onClick={onDone}>{common('cancel')}</Button>
        <Button type="submit" variant="primary" busy={busy}>
          {common('save')}
        </Button>
      </div>
      <ProblemNotice problem={problem} />
    </form>
  )
}

function PasskeyRemoval({ passkey: { passkeyId, name } }: { readonly passkey: Passkey }): JSX.Element {
  const t = useTranslations('employee')
  const queries = useQueryClient()
  const say = useToast()
  const [isAsking, setAsking] = useState(false)
  const remove = async (): Promise<void> => {
    const params = { path: { id: passkeyId } }
    await answerOf(api.DELETE('/api/v1/me/passkeys/{id}', { params }))
    await queries.invalidateQueries({ queryKey: ['own-account'] })
    say(t('passkeys.removed', { name }))
  }
  return (
    <>
      <Button
        variant="quiet"
        size="small"
        label={t('passkeys.remove', { name })}
        icon={<Trash2 size={16} aria-hidden="true" />}
        onClick={() => {
          setAsking(true)
        }}
      />
      <ConfirmDialog
        open={isAsking}
        onClose={() => {
          setAsking(false)
        }}
        title={t('passkeys.removeTitle', { name })}
        confirm={t('passkeys.removeConfirm')}
        onConfirm={remove}
      >
        <p>{t('passkeys.removeText')}</p>
      </ConfirmDialog>
    </>
  )
}
