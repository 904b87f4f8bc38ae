import { useQueryClient } from '@tanstack/react-query'
import type { JSX } from 'react'
import { useTranslations } from 'use-intl'

import { isRefusal, useProblemText } from '../../api/problem-text.ts'
import { useProof } from '../../session/proof.ts'
import { ConfirmDialog } from '../../ui/dialog.tsx'
import { useToast } from '../../ui/toast.tsx'
import styles from './policy-save.module.css'
import { type PolicyScope, rulesToShow, saveGroupRules, saveTenantRules, storedRules } from './policy-scope.ts'
import { useRuleText } from './rule-text.ts'
import { type Override, type RuleName, rulesOf } from './rules.ts'
import type { PolicyEditor } from './use-policy-editor.ts'

interface PolicySaveProps {
  readonly scope: PolicyScope
  readonly editor: PolicyEditor
  readonly onSaved: () => void
  readonly onProblem: (problem: unknown) => void
  readonly onClose: () => void
}

/** Lists what changes and says what that does at once; then saves it, with a way back. */
export function PolicySave({ scope, editor, onSaved, onProblem, onClose }: PolicySaveProps): JSX.Element {
  const t = useTranslations('policy.save')
  const common = useTranslations('common')
  const problemText = useProblemText()
  const say = useToast()
  const refresh = useRefresh()
  const store = useStore(scope)
  const save = async (): Promise<void> => {
    try {
      const takeBack = await store(editor, onSaved)
      say(t('done'), {
        label: common('undo'),
        act: () => {
          takeBack().catch((error: unknown) => {
            say(problemText(error))
          })
        },
      })
    } catch (error) {
      onProblem(error)
      if (!isRefusal(error, 'changed-meanwhile')) throw error
      // The form says so, with the way on: it is to begin anew with what is stored now.
      await refresh()
    }
  }
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      title={scope.kind === 'tenant' ? t('title') : t('groupTitle', { name: scope.group.name })}
      undo={t('undo')}
      confirm={t('confirm')}
      onConfirm={save}
    >
      <div className={styles.what}>
        <ChangeList scope={scope} editor={editor} />
        <p>{t('live')}</p>
      </div>
    </ConfirmDialog>
  )
}

/** Saves what a form has, and tells so before the new rules are here; its result puts back what was there before. */
type Store = (editor: PolicyEditor, onStored: () => void) => Promise<() => Promise<void>>

/** Gives the function that saves what the form has. */
function useStore(scope: PolicyScope): Store {
  const withProof = useProof()
  const refresh = useRefresh()
  return async ({ rules, own }, onStored) => {
    if (scope.kind === 'group') {
      const { groupId, policy: before } = scope.group
      await saveGroupRules(groupId, own)
      onStored()
      await refresh()
      return async () => {
        await withProof(() => saveGroupRules(groupId, before))
        await refresh()
      }
    }
    const version = await saveTenantRules(rules, scope.stored.version)
    onStored()
    await refresh()
    return async () => {
      await withProof(() => saveTenantRules(rulesOf(scope.stored.policy), version))
      await refresh()
    }
  }
}

function useRefresh(): () => Promise<void> {
  const queries = useQueryClient()
  return async () => {
    await Promise.all(['policy', 'groups'].map((topic) => queries.invalidateQueries({ queryKey: [topic] })))
  }
}

function ChangeList({ scope, editor }: { readonly scope: PolicyScope; readonly editor: PolicyEditor }): JSX.Element {
  const t = useTranslations('policy')
  const ruleText = useRuleText()
  const before = rulesToShow(scope)
  const stored = storedRules(scope)
  const textOf = (stating: Override, rules: Override, name: RuleName): string =>
    stating[name] === undefined ? t('scope.notStated') : ruleText(rules, name)
  return (
    <ul className={styles.changes}>
      {editor.changes.map((name) => (
        <li key={name}>
          {t('save.change', {
            rule: t(`rules.${name}.title`),
            before: textOf(stored, before, name),
            after: textOf(editor.own, editor.rules, name),
          })}
        </li>
      ))}
    </ul>
  )
}
