import { answerOf } from '@sallyport/api-client'
import { useMutation } from '@tanstack/react-query'
import { type JSX, type SubmitEvent, useState } from 'react'
import { useTranslations } from 'use-intl'

import { api } from '../api/api.ts'
import { hasIssue } from '../api/issue-place.ts'
import { ProblemNotice } from '../session/problem-notice.tsx'
import { useProof } from '../session/proof.ts'
import { Button } from '../ui/button.tsx'
import { CopyText } from '../ui/copy-text.tsx'
import { Dialog, DialogActions } from '../ui/dialog.tsx'
import { SelectField, TextField } from '../ui/field.tsx'
import { Focused } from '../ui/focused.tsx'
import { Stack } from '../ui/layout.tsx'
import { Notice } from '../ui/notice.tsx'
import { DateTime } from '../ui/time.tsx'

const ROLES = ['vpn-node', 'ip-allocator'] as const
const HOUR_SECONDS = 3600
const DAY_SECONDS = 24 * HOUR_SECONDS
const VALIDITIES = { hour: HOUR_SECONDS, day: DAY_SECONDS, week: 7 * DAY_SECONDS } as const

/** Makes a token with which a service enrols, and shows it once with what to do with it. */
export function JoinToken({ onClose }: { readonly onClose: () => void }): JSX.Element {
  const t = useTranslations('platform.joinToken')
  const withProof = useProof()
  const [role, setRole] = useState<(typeof ROLES)[number]>('vpn-node')
  const [name, setName] = useState('')
  const [validity, setValidity] = useState<keyof typeof VALIDITIES>('hour')
  const create = useMutation({
    mutationFn: () =>
      withProof(() =>
        answerOf(
          api.POST('/api/v1/platform/join-tokens', {
            body: { role, name: name.trim(), expiresInSeconds: VALIDITIES[validity] },
          }),
        ),
      ),
    // The answer has a secret: it goes with the dialog.
    gcTime: 0,
  })
  const submit = (event: SubmitEvent): void => {
    event.preventDefault()
    create.mutate()
  }
  if (create.data !== undefined) {
    return (
      <Dialog open wide onClose={onClose} title={t('title')}>
        <MadeToken {...create.data} role={role} name={name.trim()} onClose={onClose} />
      </Dialog>
    )
  }
  return (
    <Dialog open onClose={onClose} title={t('title')} description={t('what')}>
      <form onSubmit={submit}>
        <Stack>
          <SelectField
            label={t('role')}
            value={role}
            onChange={(event) => {
              setRole(ROLES.find((known) => known === event.target.value) ?? 'vpn-node')
            }}
          >
            {ROLES.map((known) => (
              <option key={known} value={known}>
                {known}
              </option>
            ))}
          </SelectField>
          <TextField
            label={t('name')}
            description={t('nameHint')}
            autoComplete="off"
            autoCapitalize="none"
            required
            value={name}
            error={hasIssue(create.error, 'name') ? t('nameProblem') : undefined}
            onChange={(event) => {
              setName(event.target.value)
            }}
          />
          <SelectField
            label={t('validity')}
            value={validity}
            onChange={({ target: { value } }) => {
              setValidity(value === 'day' || value === 'week' ? value : 'hour')
            }}
          >
            <option value="hour">{t('hour')}</option>
            <option value="day">{t('day')}</option>
            <option value="week">{t('week')}</option>
          </SelectField>
          <ProblemNotice problem={create.error} />
          <DialogActions>
            <Button type="submit" variant="primary" busy={create.isPending}>
              {t('make')}
            </Button>
          </DialogActions>
        </Stack>
      </form>
    </Dialog>
  )
}

interface MadeTokenProps {
  readonly joinToken: string
  readonly expiresAt: string
  readonly role: string
  readonly name: string
  readonly onClose: () => void
}

function MadeToken({ joinToken, expiresAt, role, name, onClose }: MadeTokenProps): JSX.Element {
  const t = useTranslations('platform.joinToken')
  return (
    <Focused>
      <Stack>
        <p>{t('howFile', { file: `/etc/sallyport/${role}.env` })}</p>
        <CopyText once label={t('lines')} text={`SERVICE_NAME=${name}\nJOIN_TOKEN=${joinToken}`} />
        <p>{t('howStart')}</p>
        <CopyText label={t('command')} text={`systemctl enable --now sallyport-${role}`} />
        <p>{t('howAfter')}</p>
        <Notice tone="warning">{t.rich('once', { at: () => <DateTime at={expiresAt} /> })}</Notice>
        <DialogActions>
          <Button variant="primary" onClick={onClose}>
            {t('done')}
          </Button>
        </DialogActions>
      </Stack>
    </Focused>
  )
}
