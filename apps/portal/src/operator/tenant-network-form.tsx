import { answerOf, ApiRefusedError } from '@sallyport/api-client'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type JSX, type SubmitEvent, useState } from 'react'
import { useTranslations } from 'use-intl'

import { api } from '../api/api.ts'
import { present } from '../api/search-params.ts'
import { ProblemNotice } from '../session/problem-notice.tsx'
import { useProof } from '../session/proof.ts'
import { Button } from '../ui/button.tsx'
import { DialogActions } from '../ui/dialog.tsx'
import { SelectField, TextArea, TextField } from '../ui/field.tsx'
import { Stack } from '../ui/layout.tsx'
import { Notice } from '../ui/notice.tsx'
import type { Tenant } from './tenants-page.tsx'
import { entriesOf } from './text-lists.ts'

interface NetworkFormProps {
  readonly tenant: Tenant
  readonly onDone: () => void
}

const NOTHING = { name: '', ipv4: '', ipv6: '', namespace: '', routes: '', dnsServers: '', dnsDomains: '' }
type Field = keyof typeof NOTHING

/** Asks for a network of a tenant and creates it with its pool of addresses. */
export function NetworkForm({ tenant, onDone }: NetworkFormProps): JSX.Element {
  const t = useTranslations('platform.networks')
  const queries = useQueryClient()
  const withProof = useProof()
  const { namespaces } = tenant
  const [values, setValues] = useState({ ...NOTHING, namespace: namespaces[0] ?? '' })
  const create = useMutation({
    mutationFn: () =>
      withProof(() =>
        answerOf(
          api.POST('/api/v1/platform/tenants/{id}/networks', {
            params: { path: { id: tenant.tenantId } },
            body: bodyOf(values),
          }),
        ),
      ),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ['tenants'] })
      onDone()
    },
  })
  const field = (name: Field) => ({
    label: t(name),
    autoComplete: 'off',
    autoCapitalize: 'none',
    spellCheck: false,
    value: values[name],
    error: firstIssue(create.error, name),
    onChange: ({ target }: { readonly target: { readonly value: string } }) => {
      setValues({ ...values, [name]: target.value })
    },
  })
  const submit = (event: SubmitEvent): void => {
    event.preventDefault()
    create.mutate()
  }
  return (
    <form onSubmit={submit}>
      <Stack>
        {namespaces.length === 0 ? <Notice tone="warning">{t('noNamespace')}</Notice> : null}
        <TextField {...field('name')} description={t('nameHint')} required maxLength={32} />
        <TextField {...field('ipv4')} description={t('ipv4Hint')} required />
        <TextField {...field('ipv6')} description={t('ipv6Hint')} />
        <SelectField {...field('namespace')} description={t('namespaceHint')}>
          {namespaces.map((namespace) => (
            <option key={namespace} value={namespace}>
              {namespace}
            </option>
          ))}
        </SelectField>
        <TextArea {...field('routes')} description={t('routesHint')} />
        <TextField {...field('dnsServers')} description={t('listHint')} />
        <TextField {...field('dnsDomains')} description={t('listHint')} />
        <ProblemNotice problem={create.error} />
        <DialogActions>
          <Button onClick={onDone}>{t('back')}</Button>
          <Button type="submit" variant="primary" busy={create.isPending}>
            {t('create')}
          </Button>
        </DialogActions>
      </Stack>
    </form>
  )
}

function bodyOf({ name, ipv4, ipv6, namespace, routes, dnsServers, dnsDomains }: typeof NOTHING) {
  return {
    name: name.trim(),
    ipv4: ipv4.trim(),
    ...present({
      ipv6: ipv6.trim() === '' ? undefined : ipv6.trim(),
      namespace: namespace === '' ? undefined : namespace,
    }),
    routes: entriesOf(routes),
    dnsServers: entriesOf(dnsServers),
    dnsDomains: entriesOf(dnsDomains),
  }
}

/** What is wrong with a field, or with one of its entries. */
function firstIssue(problem: unknown, field: Field): string | undefined {
  if (!(problem instanceof ApiRefusedError)) return undefined
  return problem.issues.find(({ path }) => path === field || path.startsWith(`${field}.`))?.message
}
