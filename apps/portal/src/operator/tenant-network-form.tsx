import { answerOf } from '@sallyport/api-client'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type JSX, type SubmitEvent, useState } from 'react'
import { useTranslations } from 'use-intl'

import { api } from '../api/api.ts'
import { issuePlaceOf } from '../api/issue-place.ts'
import { present } from '../api/search-params.ts'
import { useLeave, useLostOnLeaving } from '../session/leaving.ts'
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
  const problems = useTranslations('settings.networks')
  const queries = useQueryClient()
  const withProof = useProof()
  const { namespaces } = tenant
  const [before] = useState({ ...NOTHING, namespace: namespaces[0] ?? '' })
  const [values, setValues] = useState(before)
  const leave = useLeave()
  useLostOnLeaving('changes', JSON.stringify(values) !== JSON.stringify(before))
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
  const errorOf = (name: Field): string | undefined => {
    const place = issuePlaceOf(create.error, name)
    if (place === undefined) return undefined
    const entry = place.entry === undefined ? undefined : entriesOf(values[name])[place.entry]
    const problem = problems(`problems.${name}`)
    return entry === undefined ? problem : problems('entryProblem', { entry, problem })
  }
  const field = (name: Field) => ({
    label: t(name),
    autoComplete: 'off',
    autoCapitalize: 'none',
    spellCheck: false,
    value: values[name],
    error: errorOf(name),
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
          <Button
            onClick={() => {
              leave(onDone)
            }}
          >
            {t('back')}
          </Button>
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
