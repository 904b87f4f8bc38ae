import { answerOf } from '@sallyport/api-client'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type JSX, type SubmitEvent, useState } from 'react'
import { useTranslations } from 'use-intl'

import { api } from '../api/api.ts'
import { hasIssue } from '../api/issue-place.ts'
import { ProblemNotice } from '../session/problem-notice.tsx'
import { useProof } from '../session/proof.ts'
import { Button } from '../ui/button.tsx'
import { CopyText } from '../ui/copy-text.tsx'
import { Dialog, DialogActions } from '../ui/dialog.tsx'
import { TextField } from '../ui/field.tsx'
import { Stack } from '../ui/layout.tsx'

/** Asks for the new master key, which stays nowhere in the browser, and lets instances start with it. */
export function BeginKeyChange({ onClose }: { readonly onClose: () => void }): JSX.Element {
  const t = useTranslations('platform.masterKey')
  const queries = useQueryClient()
  const [newMasterKey, setNewMasterKey] = useState('')
  const withProof = useProof()
  const begin = useMutation({
    mutationFn: () =>
      withProof(() =>
        answerOf(api.POST('/api/v1/platform/master-key', { body: { newMasterKey: newMasterKey.trim() } })),
      ),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ['master-key'] })
      onClose()
    },
    gcTime: 0,
  })
  const submit = (event: SubmitEvent): void => {
    event.preventDefault()
    begin.mutate()
  }
  return (
    <Dialog open onClose={onClose} title={t('beginTitle')} description={t('beginWhat')}>
      <form onSubmit={submit}>
        <Stack>
          <p>{t('beginMake')}</p>
          <CopyText label={t('command')} text="openssl rand -base64 32" />
          <TextField
            label={t('newKey')}
            description={t('newKeyHint')}
            type="password"
            autoComplete="off"
            required
            value={newMasterKey}
            error={hasIssue(begin.error, 'newMasterKey') ? t('newKeyProblem') : undefined}
            onChange={(event) => {
              setNewMasterKey(event.target.value)
            }}
          />
          <ProblemNotice problem={begin.error} />
          <DialogActions>
            <Button type="submit" variant="primary" busy={begin.isPending}>
              {t('begin')}
            </Button>
          </DialogActions>
        </Stack>
      </form>
    </Dialog>
  )
}
