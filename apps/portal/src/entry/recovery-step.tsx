import type { JSX } from 'react'
import { useTranslations } from 'use-intl'

import { ProblemNotice } from '../session/problem-notice.tsx'
import { RecoveryCodeSheet } from '../session/recovery-code-sheet.tsx'
import type { RecoveryCodes } from '../session/use-recovery-codes.ts'
import { Button } from '../ui/button.tsx'
import { DialogActions } from '../ui/dialog.tsx'
import { Skeleton, Stack } from '../ui/layout.tsx'

interface RecoveryStepProps {
  readonly recoveryCodes: RecoveryCodes
  /** There is a set already, that was perhaps never seen: its answer was lost. */
  readonly hasSome: boolean
  readonly owner: string
  readonly onFinished: () => void
}

/** Has somebody who has just set up a second factor keep recovery codes for it. */
export function RecoveryStep({ recoveryCodes, hasSome, owner, onFinished }: RecoveryStepProps): JSX.Element {
  const t = useTranslations('entry')
  const common = useTranslations('common')
  const { codes, busy, problem, make } = recoveryCodes
  if (codes !== undefined) return <RecoveryCodeSheet codes={codes} owner={owner} onKept={onFinished} />
  if (busy && problem === undefined) return <Skeleton lines={8} />
  return (
    <Stack>
      <p>{hasSome ? t('enrol.codesAgain') : t('enrol.codesWhy')}</p>
      <ProblemNotice problem={problem} />
      <DialogActions>
        <Button onClick={onFinished}>{t('enrol.codesLater')}</Button>
        <Button variant="primary" busy={busy} onClick={() => void make()}>
          {problem === undefined ? t('enrol.codesMake') : common('retry')}
        </Button>
      </DialogActions>
    </Stack>
  )
}
