import { useQuery } from '@tanstack/react-query'
import { type JSX, type SubmitEvent, useState } from 'react'
import { useTranslations } from 'use-intl'

import { hasIssue } from '../../api/issue-place.ts'
import { useProblemText } from '../../api/problem-text.ts'
import { useLostOnLeaving } from '../../session/leaving.ts'
import { useMe } from '../../session/me.ts'
import { useAct } from '../../session/use-act.ts'
import { Button } from '../../ui/button.tsx'
import { DialogActions } from '../../ui/dialog.tsx'
import { TextField } from '../../ui/field.tsx'
import { Card, Skeleton } from '../../ui/layout.tsx'
import { Notice } from '../../ui/notice.tsx'
import { useToast } from '../../ui/toast.tsx'
import { AccentColour } from './accent-colour.tsx'
import {
  BRANDING_FIELDS,
  brandingChangeIn,
  type BrandingDraft,
  brandingDraftOf,
  type BrandingField,
  brandingProblemsOf,
} from './branding-draft.ts'
import { LogoField } from './logo-field.tsx'
import styles from './settings.module.css'
import { changeSettings, type Settings, settingsQuery } from './settings.ts'
import { SettingsPage } from './settings-page.tsx'

const MAX_LENGTHS = { displayName: 64, accentColour: 7, supportText: 300, supportUrl: 512 } as const

/** Shows how the tenant looks in the portal. */
export function BrandingSettings(): JSX.Element {
  const t = useTranslations('settings.branding')
  const problemText = useProblemText()
  const { data, error } = useQuery(settingsQuery)
  return (
    <SettingsPage title={t('title')} lead={t('lead')}>
      {error === null ? null : <Notice tone="danger">{problemText(error)}</Notice>}
      {data === undefined && error === null ? <Skeleton lines={12} /> : null}
      {data === undefined ? null : <BrandingForm branding={data.branding} />}
    </SettingsPage>
  )
}

function BrandingForm({ branding }: { readonly branding: Settings['branding'] }): JSX.Element {
  const t = useTranslations('settings.branding')
  const common = useTranslations('common')
  const problemText = useProblemText()
  const { permissions } = useMe()
  const before = brandingDraftOf(branding)
  // Only what was typed: the rest follows what others save meanwhile.
  const [typed, setTyped] = useState<Partial<BrandingDraft>>({})
  const draft = { ...before, ...typed }
  const [saves, setSaves] = useState(0)
  const { save, busy, problem } = useSave()
  const problems = brandingProblemsOf(draft)
  const change = brandingChangeIn(draft, before)
  const isChanged = Object.keys(change).length > 0
  useLostOnLeaving('changes', isChanged)
  const errorOf = (field: BrandingField): string | undefined =>
    problems.has(field) || hasIssue(problem, `branding.${field}`) ? t(`problems.${field}`) : undefined
  const text = (field: BrandingField): JSX.Element => (
    <div className={styles.text}>
      <TextField
        label={t(`fields.${field}`)}
        description={t(`hints.${field}`)}
        error={errorOf(field)}
        maxLength={MAX_LENGTHS[field]}
        autoComplete="off"
        value={draft[field]}
        onChange={({ target }) => {
          setTyped({ ...typed, [field]: target.value })
        }}
      />
    </div>
  )
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault()
    if (problems.size > 0 || !(await save(change))) return
    setTyped({})
    setSaves(saves + 1)
  }
  const isAtField = BRANDING_FIELDS.some((field) => errorOf(field) !== undefined)
  return (
    <form onSubmit={(event) => void submit(event)} noValidate>
      <fieldset className={styles.form} disabled={!permissions.includes('settings.write')}>
        <Card title={t('looks')}>
          {text('displayName')}
          <AccentColour
            value={draft.accentColour}
            error={errorOf('accentColour')}
            onChange={(accentColour) => {
              setTyped({ ...typed, accentColour })
            }}
          />
          <LogoField
            key={saves}
            logoUrl={branding.logoUrl}
            value={draft.logo}
            error={hasIssue(problem, 'branding.logo') ? t('problems.logo') : undefined}
            onChange={(logo: BrandingDraft['logo']) => {
              // Files are read while somebody types.
              setTyped((others) => ({ ...others, logo }))
            }}
          />
        </Card>
        <Card title={t('support')} lead={t('supportLead')}>
          {text('supportText')}
          {text('supportUrl')}
        </Card>
        {problem === undefined || isAtField ? null : <Notice tone="danger">{problemText(problem)}</Notice>}
        <DialogActions>
          <Button type="submit" variant="primary" busy={busy} disabled={!isChanged || problems.size > 0}>
            {common('save')}
          </Button>
        </DialogActions>
      </fieldset>
    </form>
  )
}

interface Save {
  /** Says whether it was done. */
  readonly save: (change: ReturnType<typeof brandingChangeIn>) => Promise<boolean>
  readonly busy: boolean
  readonly problem: unknown
}

function useSave(): Save {
  const common = useTranslations('common')
  const say = useToast()
  const act = useAct(['settings', 'own-account'])
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<unknown>()
  const save: Save['save'] = async (branding) => {
    setBusy(true)
    setProblem(undefined)
    try {
      const isDone = await act(() => changeSettings({ branding }))
      if (isDone) say(common('saved'))
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
