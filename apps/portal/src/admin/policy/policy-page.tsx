import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { type JSX, type RefObject, useEffect, useRef } from 'react'
import { useTranslations } from 'use-intl'

import { useProblemText } from '../../api/problem-text.ts'
import { useMe } from '../../session/me.ts'
import { SelectField } from '../../ui/field.tsx'
import { Page, Skeleton } from '../../ui/layout.tsx'
import { Notice } from '../../ui/notice.tsx'
import { groupsQuery } from '../users/people.ts'
import { PolicyForm } from './policy-form.tsx'
import styles from './policy-page.module.css'
import { policyQuery } from './rules.ts'
import { usePreview } from './use-preview.ts'
import { useSettledScope } from './use-settled-scope.ts'

const route = getRouteApi('/signed-in/administration/admin/policy')

/** Edits the rules of the tenant, or what a group says differently. */
export function PolicyPage(): JSX.Element {
  const t = useTranslations('policy')
  const { group: groupId } = route.useSearch()
  const { permissions } = useMe()
  return (
    <Page title={t('title')} lead={t('lead')}>
      {permissions.includes('policy.write') ? null : <Notice>{t('readOnly')}</Notice>}
      <ScopeChoice groupId={groupId} />
      <ScopedForm key={groupId ?? ''} groupId={groupId} />
    </Page>
  )
}

function ScopeChoice({ groupId }: { readonly groupId: string | undefined }): JSX.Element {
  const t = useTranslations('policy')
  const navigate = route.useNavigate()
  const groups = useQuery(groupsQuery)
  return (
    <div className={styles.scope}>
      <SelectField
        label={t('scope.label')}
        description={groupId === undefined ? t('scope.tenantHint') : t('scope.groupHint')}
        value={groupId ?? ''}
        onChange={({ target }) => void navigate({ search: target.value === '' ? {} : { group: target.value } })}
      >
        <option value="">{t('scope.tenant')}</option>
        {groups.data?.items.map(({ groupId: id, name, policy }) => {
          const count = Object.keys(policy).length
          return (
            <option key={id} value={id}>
              {t('scope.group', { name, count })}
            </option>
          )
        })}
      </SelectField>
    </div>
  )
}

function ScopedForm({ groupId }: { readonly groupId: string | undefined }): JSX.Element {
  const t = useTranslations('policy')
  const problemText = useProblemText()
  const policy = useQuery(policyQuery)
  const groups = useQuery(groupsQuery)
  const group = groups.data?.items.find((one) => one.groupId === groupId)
  const settled = useSettledScope(policy.data, groupId === undefined ? null : group)
  const preview = usePreview()
  const form = useFocusWhenReplaced(settled?.key)
  const error = policy.error ?? groups.error
  if (error !== null) return <Notice tone="danger">{problemText(error)}</Notice>
  if (groupId !== undefined && groups.data !== undefined && group === undefined) {
    return <Notice tone="warning">{t('scope.gone')}</Notice>
  }
  if (settled === undefined) return <Skeleton lines={16} />
  return (
    <div ref={form} className={styles.form} tabIndex={-1}>
      <PolicyForm
        key={settled.key}
        scope={settled.scope}
        preview={preview}
        isStale={settled.isStale}
        onTouched={settled.touch}
        onReload={settled.reload}
      />
    </div>
  )
}

/** Gives where the focus goes when what had it went with the form before: saved, discarded or loaded anew. */
function useFocusWhenReplaced(key: string | undefined): RefObject<HTMLDivElement | null> {
  const form = useRef<HTMLDivElement>(null)
  const shown = useRef(key)
  useEffect(() => {
    const isReplaced = shown.current !== undefined && shown.current !== key
    if (isReplaced && document.activeElement === document.body) form.current?.focus({ preventScroll: true })
    shown.current = key
  }, [key])
  return form
}
