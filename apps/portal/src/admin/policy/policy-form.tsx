import { type JSX, type SubmitEvent, useEffect, useState } from 'react'
import { useTranslations } from 'use-intl'

import { hasIssue } from '../../api/issue-place.ts'
import { isRefusal } from '../../api/problem-text.ts'
import { useLostOnLeaving } from '../../session/leaving.ts'
import { useMe } from '../../session/me.ts'
import { Button } from '../../ui/button.tsx'
import { Checkbox } from '../../ui/field.tsx'
import { Card, Muted, Stack } from '../../ui/layout.tsx'
import { Notice } from '../../ui/notice.tsx'
import { SaveBar } from '../../ui/save-bar.tsx'
import styles from './policy-form.module.css'
import { PolicyPreview } from './policy-preview.tsx'
import { PolicySave } from './policy-save.tsx'
import type { PolicyScope } from './policy-scope.ts'
import { RuleControl } from './rule-control.tsx'
import { useRuleProblemText } from './rule-problem-text.ts'
import { useRuleText } from './rule-text.ts'
import { type RuleName, rulesOf, SECTIONS } from './rules.ts'
import { type PolicyEditor, usePolicyEditor } from './use-policy-editor.ts'
import type { Preview } from './use-preview.ts'

interface PolicyFormProps {
  readonly scope: PolicyScope
  readonly preview: Preview
  /** Somebody else has changed what the form began with. */
  readonly isStale: boolean
  readonly onTouched: (isTouched: boolean) => void
  readonly onReload: () => void
}

/** Edits rules, and shows whom they would let in before they are saved. */
export function PolicyForm({ scope, preview, isStale, onTouched, onReload }: PolicyFormProps): JSX.Element {
  const t = useTranslations('policy')
  const { permissions } = useMe()
  const editor = usePolicyEditor(scope)
  const [isSaving, setSaving] = useState(false)
  const [problem, setProblem] = useState<unknown>()
  const mayWrite = permissions.includes('policy.write')
  const isTouched = editor.changes.length > 0
  const isOvertaken = isStale || isRefusal(problem, 'changed-meanwhile')
  // Another group is another search part of the same address.
  useLostOnLeaving('changes', isTouched, true)
  useEffect(() => {
    onTouched(isTouched)
  }, [isTouched, onTouched])
  const submit = (event: SubmitEvent): void => {
    event.preventDefault()
    if (editor.problems.size === 0 && isTouched && !isOvertaken) setSaving(true)
  }
  return (
    <form onSubmit={submit} noValidate>
      <div className={styles.columns}>
        <Stack>
          {SECTIONS.map(({ name, rules }) => (
            <Card key={name} title={t(`sections.${name}.title`)} lead={t(`sections.${name}.lead`)}>
              {rules.map((rule) => (
                <RuleEntry key={rule} name={rule} {...{ scope, editor, problem }} disabled={!mayWrite} />
              ))}
            </Card>
          ))}
        </Stack>
        <div className={styles.side}>
          <PolicyPreview scope={scope} editor={editor} preview={preview} isHeld={isSaving} />
        </div>
      </div>
      {mayWrite ? <PolicyBar {...{ editor, onReload }} isStale={isOvertaken && !isSaving} /> : null}
      {isSaving ? (
        <PolicySave
          scope={scope}
          editor={editor}
          onSaved={() => {
            onTouched(false)
          }}
          onProblem={setProblem}
          onClose={() => {
            setSaving(false)
          }}
        />
      ) : null}
    </form>
  )
}

interface RuleEntryProps {
  readonly name: RuleName
  readonly scope: PolicyScope
  readonly editor: PolicyEditor
  readonly problem: unknown
  readonly disabled: boolean
}

function RuleEntry({ name, scope, editor, problem, disabled }: RuleEntryProps): JSX.Element {
  const t = useTranslations('policy')
  const ruleText = useRuleText()
  const problemText = useRuleProblemText()
  const errorAt = (path: string): string | undefined => {
    const found = editor.problems.get(path)
    if (found !== undefined) return problemText(found)
    return hasIssue(problem, `policy.${path}`) ? t('problems.other') : undefined
  }
  const control = (
    <RuleControl name={name} draft={editor.draft} disabled={disabled} errorAt={errorAt} onChange={editor.setDraft} />
  )
  if (scope.kind === 'tenant') return <div className={styles.rule}>{control}</div>
  const isStated = editor.stated.has(name)
  const title = t(`rules.${name}.title`)
  return (
    <div className={styles.rule}>
      <Checkbox
        label={t('scope.differs', { rule: title })}
        disabled={disabled}
        checked={isStated}
        onChange={({ target }) => {
          editor.setStated(name, target.checked)
        }}
      />
      {isStated ? (
        <div className={styles.stated}>{control}</div>
      ) : (
        <Muted>{t('scope.asTenant', { rule: title, value: ruleText(rulesOf(scope.stored.policy), name) })}</Muted>
      )}
    </div>
  )
}

interface PolicyBarProps {
  readonly editor: PolicyEditor
  readonly isStale: boolean
  readonly onReload: () => void
}

function PolicyBar({ editor, isStale, onReload }: PolicyBarProps): JSX.Element {
  const t = useTranslations('policy')
  const { changes, problems } = editor
  const isTouched = changes.length > 0
  const status =
    problems.size > 0 ? t('save.problems', { count: problems.size }) : t('save.changes', { count: changes.length })
  return (
    <SaveBar status={status} notice={isStale ? <StaleRules onReload={onReload} /> : null}>
      {isTouched && !isStale ? <Button onClick={onReload}>{t('save.discard')}</Button> : null}
      <Button type="submit" variant="primary" disabled={!isTouched || problems.size > 0 || isStale}>
        {t('save.button')}
      </Button>
    </SaveBar>
  )
}

function StaleRules({ onReload }: { readonly onReload: () => void }): JSX.Element {
  const t = useTranslations('policy')
  return (
    <Notice
      tone="warning"
      title={t('stale')}
      actions={
        <Button size="small" onClick={onReload}>
          {t('reload')}
        </Button>
      }
    >
      {t('staleHint')}
    </Notice>
  )
}
