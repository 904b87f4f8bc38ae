import { type JSX, type SubmitEvent, useState } from 'react'
import { useTranslations } from 'use-intl'

import { Button } from '../ui/button.tsx'
import { DialogActions } from '../ui/dialog.tsx'
import { TextField } from '../ui/field.tsx'
import { Stack } from '../ui/layout.tsx'
import { knowsPasskeys } from './passkey.ts'
import { ProblemNotice } from './problem-notice.tsx'
import { usePasskeyEnrolment } from './use-passkey-enrolment.ts'

interface PasskeySetupProps {
  readonly onAdded: () => void
  readonly onBack: () => void
  /** What giving up leads to. */
  readonly back: string
}

/** Adds a passkey under a name; says so where the browser knows none. */
export function PasskeySetup({ onAdded, onBack, back }: PasskeySetupProps): JSX.Element {
  const t = useTranslations('session')
  const [name, setName] = useState('')
  const { busy, problem, add } = usePasskeyEnrolment()
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault()
    if (await add(name.trim())) onAdded()
  }
  if (!knowsPasskeys()) {
    return (
      <Stack>
        <p>{t('passkeyUnsupported')}</p>
        <DialogActions>
          <Button onClick={onBack}>{back}</Button>
        </DialogActions>
      </Stack>
    )
  }
  return (
    <form onSubmit={(event) => void submit(event)}>
      <Stack>
        <p>{t('passkey.how')}</p>
        <TextField
          label={t('passkey.name')}
          description={t('passkey.nameHelp')}
          required
          maxLength={64}
          autoFocus
          value={name}
          onChange={(event) => {
            setName(event.target.value)
          }}
        />
        <ProblemNotice problem={problem} />
        <DialogActions>
          <Button onClick={onBack}>{back}</Button>
          <Button type="submit" variant="primary" busy={busy}>
            {t('passkey.add')}
          </Button>
        </DialogActions>
      </Stack>
    </form>
  )
}
