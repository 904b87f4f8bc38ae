import { answerOf } from '@sallyport/api-client'
import { useQueryClient } from '@tanstack/react-query'
import { type JSX, type SubmitEvent, useState } from 'react'
import { useTranslations } from 'use-intl'

import { api } from '../api/api.ts'
import { hasIssue } from '../api/issue-place.ts'
import { ProblemNotice } from '../session/problem-notice.tsx'
import { useTask } from '../session/use-task.ts'
import { Button } from '../ui/button.tsx'
import { TextField } from '../ui/field.tsx'
import { Stack } from '../ui/layout.tsx'
import { useToast } from '../ui/toast.tsx'
import { useFocusInvalid } from '../ui/use-focus-invalid.ts'
import styles from './employee.module.css'
import type { Device } from './own-queries.ts'

/** Gives a device another name, in the place of its own; the name before can be brought back. */
export function RenameDevice({
  device,
  onDone,
}: {
  readonly device: Device
  readonly onDone: () => void
}): JSX.Element {
  const t = useTranslations('employee')
  const common = useTranslations('common')
  const queries = useQueryClient()
  const say = useToast()
  const { busy, problem, run } = useTask()
  const isBadName = hasIssue(problem, 'name')
  const form = useFocusInvalid(problem)
  const [name, setName] = useState(device.name)
  const rename = async (to: string): Promise<void> => {
    const params = { path: { id: device.deviceId } }
    await answerOf(api.PATCH('/api/v1/devices/{id}', { params, body: { name: to } }))
    await queries.invalidateQueries({ queryKey: ['own-devices'] })
  }
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault()
    const to = name.trim()
    if (!(await run(() => rename(to)))) return
    onDone()
    const act = (): void => void rename(device.name).catch(() => undefined)
    say(t('device.renamed', { name: to }), { label: common('undo'), act })
  }
  return (
    <form ref={form} onSubmit={(event) => void submit(event)}>
      <Stack>
        <div className={styles.rename}>
          <TextField
            label={t('device.name')}
            error={isBadName ? t('device.badName') : undefined}
            autoFocus
            required
            maxLength={64}
            value={name}
            onChange={(event) => {
              setName(event.target.value)
            }}
            onKeyDown={(event) => {
              if (event.key === 'Escape') onDone()
            }}
          />
          <Button onClick={onDone}>{common('cancel')}</Button>
          <Button type="submit" variant="primary" busy={busy}>
            {common('save')}
          </Button>
        </div>
        {isBadName ? null : <ProblemNotice problem={problem} />}
      </Stack>
    </form>
  )
}
