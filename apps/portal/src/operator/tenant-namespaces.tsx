import { useMutation } from '@tanstack/react-query'
import { type JSX, type SubmitEvent, useState } from 'react'
import { useTranslations } from 'use-intl'

import { hasIssue } from '../api/issue-place.ts'
import { ProblemNotice } from '../session/problem-notice.tsx'
import { useProof } from '../session/proof.ts'
import { Button } from '../ui/button.tsx'
import { Dialog, DialogActions } from '../ui/dialog.tsx'
import { TextArea } from '../ui/field.tsx'
import { Stack } from '../ui/layout.tsx'
import type { Tenant } from './tenants-page.tsx'
import { entriesOf } from './text-lists.ts'
import { useChangeTenant } from './use-change-tenant.ts'

interface TenantNamespacesProps {
  readonly tenant: Tenant
  readonly onClose: () => void
}

/** Asks in which network namespaces of the nodes a tenant may have networks. */
export function TenantNamespaces({ tenant, onClose }: TenantNamespacesProps): JSX.Element {
  const t = useTranslations('platform.tenants')
  const [text, setText] = useState(tenant.namespaces.join('\n'))
  const change = useChangeTenant(tenant)
  const withProof = useProof()
  const save = useMutation({
    mutationFn: () => withProof(() => change({ namespaces: entriesOf(text) })),
    onSuccess: onClose,
  })
  const submit = (event: SubmitEvent): void => {
    event.preventDefault()
    save.mutate()
  }
  return (
    <Dialog open onClose={onClose} title={t('namespacesOf', { name: tenant.name })} description={t('namespacesWhat')}>
      <form onSubmit={submit}>
        <Stack>
          <TextArea
            label={t('namespaces')}
            description={t('onePerLine')}
            spellCheck={false}
            value={text}
            error={hasIssue(save.error, 'namespaces') ? t('namespacesProblem') : undefined}
            onChange={(event) => {
              setText(event.target.value)
            }}
          />
          <ProblemNotice problem={save.error} />
          <DialogActions>
            <Button onClick={onClose}>{t('cancel')}</Button>
            <Button type="submit" variant="primary" busy={save.isPending}>
              {t('save')}
            </Button>
          </DialogActions>
        </Stack>
      </form>
    </Dialog>
  )
}
