import { answerOf, type operations } from '@sallyport/api-client'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useTranslations } from 'use-intl'

import { api } from '../api/api.ts'
import { useProblemText } from '../api/problem-text.ts'
import { NotProvenError, useProof } from '../session/proof.ts'
import { useToast } from '../ui/toast.tsx'
import type { Tenant } from './tenants-page.tsx'

type Change = NonNullable<operations['tenantsChange']['requestBody']>['content']['application/json']

/** Gives the function that changes a tenant and shows the list anew. */
export function useChangeTenant({ tenantId }: Tenant): (change: Change) => Promise<void> {
  const queries = useQueryClient()
  return async (body) => {
    await answerOf(api.PATCH('/api/v1/platform/tenants/{id}', { params: { path: { id: tenantId } }, body }))
    await queries.invalidateQueries({ queryKey: ['tenants'] })
  }
}

/** Gives the function that lets a suspended tenant work again, and says what came of it. */
export function useResumeTenant(tenant: Tenant): { readonly resume: () => void; readonly busy: boolean } {
  const t = useTranslations('platform.tenants')
  const problemText = useProblemText()
  const say = useToast()
  const withProof = useProof()
  const change = useChangeTenant(tenant)
  const { mutate, isPending } = useMutation({
    mutationFn: () => withProof(() => change({ suspended: false })),
    onSuccess: () => {
      say(t('resumeDone', { name: tenant.name }))
    },
    onError: (problem) => {
      if (!(problem instanceof NotProvenError)) say(problemText(problem))
    },
  })
  return {
    resume: () => {
      mutate()
    },
    busy: isPending,
  }
}
