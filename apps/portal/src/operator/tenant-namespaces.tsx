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
import { Notice } from '../ui/notice.tsx'
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
  const { text, isOvertaken, setText, load } = useText(tenant.namespaces.join('\n'))
  const change = useChangeTenant(tenant)
  const withProof = useProof()
  const save = useMutation({
    mutationFn: () => withProof(() => change({ namespaces: entriesOf(text) })),
    onSuccess: onClose,
  })
  const submit = (event: SubmitEvent): void => {
    event.preventDefault()
    if (!isOvertaken) save.mutate()
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
          {isOvertaken ? <Overtaken stored={tenant.namespaces} onLoad={load} /> : null}
          <DialogActions>
            <Button onClick={onClose}>{t('cancel')}</Button>
            <Button type="submit" variant="primary" busy={save.isPending} disabled={isOvertaken}>
              {t('save')}
            </Button>
          </DialogActions>
        </Stack>
      </form>
    </Dialog>
  )
}

interface OvertakenProps {
  readonly stored: readonly string[]
  readonly onLoad: () => void
}

function Overtaken({ stored, onLoad }: OvertakenProps): JSX.Element {
  const t = useTranslations('platform.tenants')
  return (
    <Notice
      tone="danger"
      title={t('overtaken')}
      actions={
        <Button size="small" onClick={onLoad}>
          {t('loadStored')}
        </Button>
      }
    >
      {t('overtakenHint', { count: stored.length, stored: stored.join(', ') })}
    </Notice>
  )
}

interface FollowingText {
  readonly text: string
  /** It was touched, and somebody else has saved another one since. */
  readonly isOvertaken: boolean
  readonly setText: (text: string) => void
  /** Gives it up for what is stored. */
  readonly load: () => void
}

/** Keeps what is typed; a text that is not touched follows what others save meanwhile. */
function useText(stored: string): FollowingText {
  const [held, setHeld] = useState({ before: stored, text: stored })
  const isTouched = held.text !== held.before && held.text !== stored
  const { before, text } = isTouched ? held : { before: stored, text: stored }
  if (before !== held.before) setHeld({ before, text })
  return {
    text,
    isOvertaken: before !== stored,
    setText: (typed) => {
      setHeld({ before, text: typed })
    },
    load: () => {
      setHeld({ before: stored, text: stored })
    },
  }
}
