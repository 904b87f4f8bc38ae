import { answerOf, type operations } from '@sallyport/api-client'
import { useMutation } from '@tanstack/react-query'
import { type JSX, type SubmitEvent, useState } from 'react'
import { useTranslations } from 'use-intl'

import { api } from '../../api/api.ts'
import { hasIssue } from '../../api/issue-place.ts'
import { ProblemNotice } from '../../session/problem-notice.tsx'
import { useProof } from '../../session/proof.ts'
import { Button, LinkButton } from '../../ui/button.tsx'
import { CopyText } from '../../ui/copy-text.tsx'
import { DialogActions } from '../../ui/dialog.tsx'
import { Checkbox, FieldGroup, TextField } from '../../ui/field.tsx'
import { Focused } from '../../ui/focused.tsx'
import { Stack } from '../../ui/layout.tsx'
import { Notice } from '../../ui/notice.tsx'
import type { Connection } from './connections-page.tsx'

type Side = NonNullable<operations['connectionsCapture']['requestBody']>['content']['application/json']['side']

const MEBIBYTE = 2 ** 20
const MAX_SECONDS = 3600
const MAX_MEBIBYTES = 1024

interface CapturePacketsProps {
  readonly connection: Connection
  readonly onClose: () => void
}

/** Lets the node write a connection's packets to a file, and says where that is. */
export function CapturePackets({ connection, onClose }: CapturePacketsProps): JSX.Element {
  const t = useTranslations('monitoring.connections')
  const withProof = useProof()
  const [side, setSide] = useState<Side>('outer')
  const [seconds, setSeconds] = useState('60')
  const [mebibytes, setMebibytes] = useState('64')
  const capture = useMutation({
    mutationFn: () =>
      withProof(() =>
        answerOf(
          api.POST('/api/v1/connections/{id}/captures', {
            params: { path: { id: connection.connectionId } },
            body: { side, seconds: Number(seconds), maxBytes: Number(mebibytes) * MEBIBYTE },
          }),
        ),
      ),
  })
  const outOf = (max: number): string => t('captureRange', { max })
  if (capture.data !== undefined) return <CaptureBegun {...capture.data} onClose={onClose} />
  const submit = (event: SubmitEvent): void => {
    event.preventDefault()
    capture.mutate()
  }
  return (
    <form onSubmit={submit}>
      <Stack>
        <SideField side={side} onChange={setSide} />
        <TextField
          label={t('captureSeconds')}
          type="number"
          min={1}
          max={MAX_SECONDS}
          required
          value={seconds}
          error={hasIssue(capture.error, 'seconds') ? outOf(MAX_SECONDS) : undefined}
          onChange={(event) => {
            setSeconds(event.target.value)
          }}
        />
        <TextField
          label={t('captureSize')}
          type="number"
          min={1}
          max={MAX_MEBIBYTES}
          required
          value={mebibytes}
          error={hasIssue(capture.error, 'maxBytes') ? outOf(MAX_MEBIBYTES) : undefined}
          onChange={(event) => {
            setMebibytes(event.target.value)
          }}
        />
        <ProblemNotice problem={capture.error} />
        <DialogActions>
          <Button onClick={onClose}>{t('captureCancel')}</Button>
          <Button type="submit" variant="primary" busy={capture.isPending}>
            {t('captureStart')}
          </Button>
        </DialogActions>
      </Stack>
    </form>
  )
}

function SideField({ side, onChange }: { readonly side: Side; readonly onChange: (side: Side) => void }): JSX.Element {
  const t = useTranslations('monitoring.connections')
  const sides = [
    { value: 'outer', label: t('captureOuter'), description: t('captureOuterHint') },
    { value: 'inner', label: t('captureInner'), description: t('captureInnerHint') },
  ] as const
  return (
    <FieldGroup legend={t('captureSide')}>
      {sides.map(({ value, label, description }) => (
        <Checkbox
          key={value}
          type="radio"
          name="side"
          label={label}
          description={description}
          checked={side === value}
          onChange={() => {
            onChange(value)
          }}
        />
      ))}
    </FieldGroup>
  )
}

interface CaptureBegunProps {
  readonly node: string
  readonly fileName: string
  readonly onClose: () => void
}

function CaptureBegun({ node, fileName, onClose }: CaptureBegunProps): JSX.Element {
  const t = useTranslations('monitoring.connections')
  return (
    <Focused>
      <Stack>
        <Notice tone="success" title={t('captureBegun')}>
          {t('captureWhere', { node })}
        </Notice>
        <CopyText text={fileName} label={t('captureFile')} />
        <DialogActions>
          <LinkButton to="/admin/audit" search={{ action: 'connection.captured' }}>
            {t('captureAudit')}
          </LinkButton>
          <Button variant="primary" onClick={onClose}>
            {t('captureClose')}
          </Button>
        </DialogActions>
      </Stack>
    </Focused>
  )
}
