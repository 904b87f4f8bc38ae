import { answerOf } from '@sallyport/api-client'
import { type JSX, type SubmitEvent, useState } from 'react'
import { useFormatter, useTranslations } from 'use-intl'

import { api } from '../../api/api.ts'
import { hasIssue, issuePlaceOf } from '../../api/issue-place.ts'
import { useProblemText } from '../../api/problem-text.ts'
import { LostOnLeaving } from '../../session/leaving.ts'
import { useAct } from '../../session/use-act.ts'
import { Button } from '../../ui/button.tsx'
import { Dialog, DialogActions } from '../../ui/dialog.tsx'
import { Checkbox, TextArea, TextField } from '../../ui/field.tsx'
import { Stack } from '../../ui/layout.tsx'
import { Notice } from '../../ui/notice.tsx'
import { useToast } from '../../ui/toast.tsx'
import { useFocusInvalid } from '../../ui/use-focus-invalid.ts'
import { NetworkConflict } from './network-conflict.tsx'
import styles from './network-dialog.module.css'
import {
  limitProblemsOf,
  linesOf,
  type Network,
  NETWORK_LIMITS,
  NETWORK_LISTS,
  networkChangeIn,
  type NetworkDraft,
  type NetworkForm,
  type NetworkLimit,
  newNetworkIn,
} from './network-draft.ts'
import { useNetworkForm } from './use-network-form.ts'

interface NetworkDialogProps {
  /** The one to change, as it is stored now; a new one if absent. */
  readonly network?: Network
  readonly onClose: () => void
}

/** Makes a network, or changes what can be changed of one. */
export function NetworkDialog({ network, onClose }: NetworkDialogProps): JSX.Element {
  const t = useTranslations('settings.networks')
  const common = useTranslations('common')
  const problemText = useProblemText()
  const say = useToast()
  const act = useAct(['networks'])
  const { before, draft, stored, conflicts, setDraft, load, isOvertaken } = useNetworkForm(network)
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<unknown>()
  const wrong = limitProblemsOf(draft)
  const form = useFocusInvalid(problem)
  const save = async (): Promise<void> => {
    setBusy(true)
    setProblem(undefined)
    try {
      if (await isOvertaken()) return
      if (!(await act(() => store(network, { before, draft })))) return
      say(network === undefined ? t('created', { name: draft.name }) : t('changed', { name: network.name }))
      onClose()
    } catch (error) {
      setProblem(error)
    } finally {
      setBusy(false)
    }
  }
  const submit = (event: SubmitEvent): void => {
    event.preventDefault()
    if (wrong.size === 0 && conflicts.length === 0) void save()
  }
  return (
    <Dialog
      open
      wide
      onClose={onClose}
      title={network === undefined ? t('add') : t('editTitle', { name: network.name })}
      {...(network === undefined ? {} : { description: t('editLead') })}
    >
      <form ref={form} onSubmit={submit} noValidate>
        <LostOnLeaving loss="changes" when={JSON.stringify(draft) !== JSON.stringify(before)} />
        <Stack>
          {network === undefined ? <PoolFields draft={draft} problem={problem} onChange={setDraft} /> : null}
          <ListFields draft={draft} problem={problem} onChange={setDraft} />
          <LimitFields draft={draft} wrong={wrong} onChange={setDraft} />
          {problem === undefined ? null : <Notice tone="danger">{problemText(problem)}</Notice>}
          {conflicts.length === 0 ? null : <NetworkConflict {...{ conflicts, stored }} onLoad={load} />}
          <DialogActions>
            <Button onClick={onClose}>{common('cancel')}</Button>
            <Button type="submit" variant="primary" busy={busy} disabled={wrong.size > 0 || conflicts.length > 0}>
              {network === undefined ? t('create') : common('save')}
            </Button>
          </DialogActions>
        </Stack>
      </form>
    </Dialog>
  )
}

function store(network: Network | undefined, form: NetworkForm): Promise<unknown> {
  if (network === undefined) return answerOf(api.POST('/api/v1/networks', { body: newNetworkIn(form.draft) }))
  const path = { id: network.networkId }
  return answerOf(api.PATCH('/api/v1/networks/{id}', { params: { path }, body: networkChangeIn(form) }))
}

interface FieldsProps {
  readonly draft: NetworkDraft
  readonly onChange: (draft: NetworkDraft) => void
}

function PoolFields({ draft, problem, onChange }: FieldsProps & { readonly problem: unknown }): JSX.Element {
  const t = useTranslations('settings.networks')
  const fields = ['name', 'ipv4', 'ipv6', 'namespace'] as const
  return (
    <div className={styles.pairs}>
      {fields.map((field) => (
        <TextField
          key={field}
          label={t(`fields.${field}`)}
          description={t(`hints.${field}`)}
          error={hasIssue(problem, field) ? t(`problems.${field}`) : undefined}
          required={field === 'name' || field === 'ipv4'}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          value={draft[field]}
          onChange={({ target }) => {
            onChange({ ...draft, [field]: target.value })
          }}
        />
      ))}
    </div>
  )
}

function ListFields({ draft, problem, onChange }: FieldsProps & { readonly problem: unknown }): JSX.Element {
  const t = useTranslations('settings.networks')
  const errorOf = (field: (typeof NETWORK_LISTS)[number]): string | undefined => {
    const place = issuePlaceOf(problem, field)
    if (place === undefined) return undefined
    const entry = place.entry === undefined ? undefined : linesOf(draft[field])[place.entry]
    return entry === undefined ? t(`problems.${field}`) : t('entryProblem', { entry, problem: t(`problems.${field}`) })
  }
  return (
    <>
      <div className={styles.pairs}>
        {NETWORK_LISTS.map((field) => (
          <TextArea
            key={field}
            label={t(`fields.${field}`)}
            description={t(`hints.${field}`)}
            error={errorOf(field)}
            rows={3}
            spellCheck={false}
            value={draft[field]}
            onChange={({ target }) => {
              onChange({ ...draft, [field]: target.value })
            }}
          />
        ))}
      </div>
      {(['blockOutsideDns', 'blockIpv6'] as const).map((field) => (
        <Checkbox
          key={field}
          label={t(`fields.${field}`)}
          description={t(`hints.${field}`)}
          checked={draft[field]}
          onChange={({ target }) => {
            onChange({ ...draft, [field]: target.checked })
          }}
        />
      ))}
    </>
  )
}

const LIMITS = [
  'inactiveSeconds',
  'uploadKilobitsPerSecond',
  'downloadKilobitsPerSecond',
  'uploadPacketsPerSecond',
  'downloadPacketsPerSecond',
] as const

function LimitFields({ draft, wrong, onChange }: FieldsProps & { readonly wrong: ReadonlySet<NetworkLimit> }) {
  const t = useTranslations('settings.networks')
  const format = useFormatter()
  const error = (field: NetworkLimit): string => {
    const { min, max } = NETWORK_LIMITS[field]
    return t('limitProblem', { min: format.number(min), max: format.number(max) })
  }
  return (
    <div className={styles.pairs}>
      {LIMITS.map((field) => (
        <TextField
          key={field}
          label={t(`fields.${field}`)}
          description={t('noLimit')}
          error={wrong.has(field) ? error(field) : undefined}
          inputMode="numeric"
          autoComplete="off"
          value={draft[field]}
          onChange={({ target }) => {
            onChange({ ...draft, [field]: target.value })
          }}
        />
      ))}
    </div>
  )
}
