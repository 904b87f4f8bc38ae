import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { type JSX, type SubmitEvent, useState } from 'react'
import { useFormatter, useTranslations } from 'use-intl'

import { useProblemText } from '../../api/problem-text.ts'
import { useLostOnLeaving } from '../../session/leaving.ts'
import { useMe } from '../../session/me.ts'
import { useAct } from '../../session/use-act.ts'
import { Button } from '../../ui/button.tsx'
import { DialogActions } from '../../ui/dialog.tsx'
import { Checkbox, TextField } from '../../ui/field.tsx'
import { Card, Facts, Skeleton, Stack } from '../../ui/layout.tsx'
import { Notice } from '../../ui/notice.tsx'
import { useToast } from '../../ui/toast.tsx'
import styles from './settings.module.css'
import { changeSettings, type Settings, settingsQuery } from './settings.ts'
import { SettingsPage } from './settings-page.tsx'
import { VPN_LIMITS, vpnChangeIn, type VpnDraft, vpnDraftOf, type VpnNumber, vpnProblemsOf } from './vpn-draft.ts'

const SECTIONS = [
  ['keepAlive', ['pingSeconds', 'pingRestartSeconds']],
  ['keys', ['renegotiateSeconds', 'keyLimitBytes', 'keyLimitPackets']],
] as const satisfies readonly (readonly [string, readonly VpnNumber[]])[]

/** Shows the settings of VPN connections. */
export function VpnSettings(): JSX.Element {
  const t = useTranslations('settings.vpn')
  const problemText = useProblemText()
  const { data, error } = useQuery(settingsQuery)
  return (
    <SettingsPage title={t('title')} lead={t('lead')}>
      <p>
        {t.rich('lifetimes', {
          policy: (chunks) => (
            <Link to="/admin/policy" search={{}}>
              {chunks}
            </Link>
          ),
        })}
      </p>
      {error === null ? null : <Notice tone="danger">{problemText(error)}</Notice>}
      {data === undefined && error === null ? <Skeleton lines={12} /> : null}
      {data === undefined ? null : <VpnForm settings={data} />}
    </SettingsPage>
  )
}

function VpnForm({ settings }: { readonly settings: Settings }): JSX.Element {
  const t = useTranslations('settings.vpn')
  const common = useTranslations('common')
  const problemText = useProblemText()
  const { permissions } = useMe()
  const before = vpnDraftOf(settings)
  // Only what was typed: the rest follows what others save meanwhile.
  const [typed, setTyped] = useState<Partial<VpnDraft>>({})
  const draft = { ...before, ...typed }
  const { save, busy, problem } = useSave(before)
  const problems = vpnProblemsOf(draft, before)
  const isChanged = Object.keys(vpnChangeIn(draft, before)).length > 0
  useLostOnLeaving('changes', isChanged)
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault()
    if (problems.size === 0 && (await save(draft))) setTyped({})
  }
  return (
    <form onSubmit={(event) => void submit(event)} noValidate>
      <fieldset className={styles.form} disabled={!permissions.includes('settings.write')}>
        {SECTIONS.map(([section, fields]) => (
          <Card key={section} title={t(`${section}.title`)} lead={t(`${section}.lead`)}>
            {fields.map((field) => (
              <NumberField
                key={field}
                field={field}
                text={draft[field]}
                problem={problems.get(field)}
                onChange={(text) => {
                  setTyped({ ...typed, [field]: text })
                }}
              />
            ))}
          </Card>
        ))}
        <Card title={t('signIn.title')}>
          <Stack>
            <Checkbox
              label={t('fields.webSignIn')}
              description={t('hints.webSignIn')}
              checked={draft.webSignIn}
              onChange={({ target }) => {
                setTyped({ ...typed, webSignIn: target.checked })
              }}
            />
            <Facts entries={[[t('legacy'), t(`legacyClients.${settings.legacyClients}`)]]} />
          </Stack>
        </Card>
        {problem === undefined ? null : <Notice tone="danger">{problemText(problem)}</Notice>}
        <DialogActions>
          <Button type="submit" variant="primary" busy={busy} disabled={!isChanged || problems.size > 0}>
            {common('save')}
          </Button>
        </DialogActions>
      </fieldset>
    </form>
  )
}

interface NumberFieldProps {
  readonly field: VpnNumber
  readonly text: string
  readonly problem: 'range' | 'restart-not-longer' | undefined
  readonly onChange: (text: string) => void
}

function NumberField({ field, text, problem, onChange }: NumberFieldProps): JSX.Element {
  const t = useTranslations('settings.vpn')
  const format = useFormatter()
  const { min, max } = VPN_LIMITS[field]
  const limits = { min: format.number(min), max: format.number(max) }
  return (
    <div className={styles.number}>
      <TextField
        label={t(`fields.${field}`)}
        description={t(`hints.${field}`)}
        error={problem === undefined ? undefined : t(`problems.${problem}`, limits)}
        inputMode="decimal"
        autoComplete="off"
        value={text}
        onChange={({ target }) => {
          onChange(target.value)
        }}
      />
    </div>
  )
}

interface Save {
  /** Says whether it was done. */
  readonly save: (draft: VpnDraft) => Promise<boolean>
  readonly busy: boolean
  readonly problem: unknown
}

/** Saves a form; the toast puts back what was there before. */
function useSave(before: VpnDraft): Save {
  const t = useTranslations('settings.vpn')
  const common = useTranslations('common')
  const problemText = useProblemText()
  const say = useToast()
  const act = useAct(['settings'])
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<unknown>()
  const save: Save['save'] = async (draft) => {
    setBusy(true)
    setProblem(undefined)
    const takeBack = (): void => {
      act(() => changeSettings(vpnChangeIn(before, draft))).catch((error: unknown) => {
        say(problemText(error))
      })
    }
    try {
      const isDone = await act(() => changeSettings(vpnChangeIn(draft, before)))
      if (isDone) say(t('saved'), { label: common('undo'), act: takeBack })
      return isDone
    } catch (error) {
      setProblem(error)
      return false
    } finally {
      setBusy(false)
    }
  }
  return { save, busy, problem }
}
