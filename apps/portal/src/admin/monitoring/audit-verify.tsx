import { answerOf, createApiClient, type operations } from '@sallyport/api-client'
import { useMutation } from '@tanstack/react-query'
import { type JSX, type SubmitEvent, useState } from 'react'
import { useTranslations } from 'use-intl'

import { hasIssue } from '../../api/issue-place.ts'
import { ProblemNotice } from '../../session/problem-notice.tsx'
import { Button } from '../../ui/button.tsx'
import { CopyText } from '../../ui/copy-text.tsx'
import { Dialog, DialogActions } from '../../ui/dialog.tsx'
import { TextField } from '../../ui/field.tsx'
import { Focused } from '../../ui/focused.tsx'
import { Stack } from '../../ui/layout.tsx'
import { Notice } from '../../ui/notice.tsx'
import styles from './audit.module.css'

/** A long log is read for minutes before the answer begins. */
const TIMEOUT_MS = 15 * 60 * 1000

type Verdict = operations['auditVerify']['responses'][200]['content']['application/json']

/** Lets the service recompute the chain, and says in words what came of it. */
export function AuditVerification({ onClose }: { readonly onClose: () => void }): JSX.Element {
  const t = useTranslations('monitoring.audit')
  const [sequence, setSequence] = useState('')
  const [hash, setHash] = useState('')
  const verification = useMutation({
    mutationFn: () => {
      const anchor = { sequence: Number(sequence), hash: hash.trim().toLowerCase() }
      const api = createApiClient({ baseUrl: window.location.origin, timeoutMs: TIMEOUT_MS })
      return answerOf(api.POST('/api/v1/audit/verify', { body: hash.trim() === '' ? {} : { anchor } }))
    },
  })
  const isHalf = (sequence.trim() === '') !== (hash.trim() === '')
  const errorOf = (field: 'sequence' | 'hash'): string | undefined =>
    hasIssue(verification.error, `anchor.${field}`) ? t(`anchorProblems.${field}`) : undefined
  const submit = (event: SubmitEvent): void => {
    event.preventDefault()
    if (!isHalf) verification.mutate()
  }
  if (verification.data !== undefined) {
    return (
      <Dialog open onClose={onClose} title={t('verifyTitle')}>
        <VerdictShown verdict={verification.data} onClose={onClose} />
      </Dialog>
    )
  }
  return (
    <Dialog open onClose={onClose} title={t('verifyTitle')} description={t('verifyWhat')}>
      <form onSubmit={submit}>
        <Stack>
          <details className={styles.details}>
            <summary>{t('anchor')}</summary>
            <Stack>
              <p>{t('anchorHint')}</p>
              <TextField
                label={t('anchorSequence')}
                inputMode="numeric"
                pattern="\d{1,15}"
                value={sequence}
                error={isHalf ? t('anchorIncomplete') : errorOf('sequence')}
                onChange={(event) => {
                  setSequence(event.target.value)
                }}
              />
              <TextField
                label={t('anchorHash')}
                value={hash}
                error={errorOf('hash')}
                onChange={(event) => {
                  setHash(event.target.value)
                }}
              />
            </Stack>
          </details>
          {verification.isPending ? <Notice>{t('verifying')}</Notice> : null}
          <ProblemNotice problem={verification.error} />
          <DialogActions>
            <Button type="submit" variant="primary" busy={verification.isPending}>
              {t('verifyStart')}
            </Button>
          </DialogActions>
        </Stack>
      </form>
    </Dialog>
  )
}

function VerdictShown({ verdict, onClose }: { readonly verdict: Verdict; readonly onClose: () => void }): JSX.Element {
  const t = useTranslations('monitoring.audit')
  return (
    <Focused>
      <Stack>
        {verdict.ok ? (
          <>
            <Notice tone="success" title={t('verifiedTitle')}>
              {t('verified', { count: verdict.count })}
            </Notice>
            <p>{t('keep')}</p>
            <CopyText label={t('head')} text={`${String(verdict.head.sequence)} ${verdict.head.hash}`} />
          </>
        ) : (
          <Notice tone="danger" title={t('brokenTitle')}>
            <Stack>
              <p>{t(`breaks.${verdict.why}`)}</p>
              {verdict.sequence === null ? null : <p>{t('brokenPlace', { sequence: String(verdict.sequence) })}</p>}
              {verdict.eventId === null ? null : <p>{t('brokenEvent', { eventId: verdict.eventId })}</p>}
              <p>{t('brokenAt', { count: verdict.count })}</p>
            </Stack>
          </Notice>
        )}
        <DialogActions>
          <Button onClick={onClose}>{t('close')}</Button>
        </DialogActions>
      </Stack>
    </Focused>
  )
}
