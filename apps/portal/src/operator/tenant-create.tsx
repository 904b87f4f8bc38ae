import { answerOf, type operations } from '@sallyport/api-client'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type JSX, type SubmitEvent, useState } from 'react'
import { useTranslations } from 'use-intl'

import { api } from '../api/api.ts'
import { hasIssue } from '../api/issue-place.ts'
import { LostOnLeaving } from '../session/leaving.ts'
import { ProblemNotice } from '../session/problem-notice.tsx'
import { useProof } from '../session/proof.ts'
import { Button } from '../ui/button.tsx'
import { Dialog, DialogActions } from '../ui/dialog.tsx'
import { TextField } from '../ui/field.tsx'
import { Stack } from '../ui/layout.tsx'
import { OneTimePassword } from './one-time-password.tsx'
import { entriesOf } from './text-lists.ts'

type Body = NonNullable<operations['tenantsCreate']['requestBody']>['content']['application/json']

/** Creates a tenant, and shows once how its administrator signs in. */
export function CreateTenant({ onClose }: { readonly onClose: () => void }): JSX.Element {
  const t = useTranslations('platform.createTenant')
  const queries = useQueryClient()
  const withProof = useProof()
  const create = useMutation({
    mutationFn: (body: Body) => withProof(() => answerOf(api.POST('/api/v1/platform/tenants', { body }))),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['tenants'] }),
    // The answer has a password: it goes with the dialog.
    gcTime: 0,
  })
  const created = create.data
  return (
    <Dialog
      open
      onClose={onClose}
      title={created === undefined ? t('title') : t('doneTitle', { slug: created.slug })}
      description={created === undefined ? t('what') : undefined}
    >
      {created === undefined ? (
        <TenantForm problem={create.error} busy={create.isPending} onCreate={create.mutate} />
      ) : (
        <OneTimePassword
          tenant={created.slug}
          username={created.administrator.username}
          password={created.administrator.oneTimePassword}
          onClose={onClose}
        />
      )}
    </Dialog>
  )
}

interface TenantFormProps {
  readonly problem: unknown
  readonly busy: boolean
  readonly onCreate: (body: Body) => void
}

const NOTHING = { name: '', slug: '', username: '', namespaces: '' }

function TenantForm({ problem, busy, onCreate }: TenantFormProps): JSX.Element {
  const t = useTranslations('platform.createTenant')
  const [values, setValues] = useState(NOTHING)
  const field = (name: keyof typeof NOTHING, path: string) => ({
    label: t(name),
    description: t(`${name}Hint`),
    autoComplete: 'off',
    value: values[name],
    error: hasIssue(problem, path) ? t(`problems.${name}`) : undefined,
    onChange: ({ target }: { readonly target: { readonly value: string } }) => {
      setValues({ ...values, [name]: target.value })
    },
  })
  const submit = (event: SubmitEvent): void => {
    event.preventDefault()
    const { name, slug, username, namespaces } = values
    onCreate({ name, slug: slug.trim(), administrator: { username }, namespaces: entriesOf(namespaces) })
  }
  return (
    <form onSubmit={submit}>
      <LostOnLeaving loss="changes" when={Object.values(values).some((text) => text !== '')} />
      <Stack>
        <TextField {...field('name', 'name')} required longest={64} />
        <TextField {...field('slug', 'slug')} required longest={32} autoCapitalize="none" />
        <TextField {...field('username', 'administrator.username')} required longest={64} autoCapitalize="none" />
        <TextField {...field('namespaces', 'namespaces')} autoCapitalize="none" />
        <ProblemNotice problem={problem} />
        <DialogActions>
          <Button type="submit" variant="primary" busy={busy}>
            {t('create')}
          </Button>
        </DialogActions>
      </Stack>
    </form>
  )
}
