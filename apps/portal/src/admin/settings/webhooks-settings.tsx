import { answerOf, type operations } from '@sallyport/api-client'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { Plus, Webhook as WebhookIcon } from 'lucide-react'
import { type JSX, useState } from 'react'
import { useTranslations } from 'use-intl'

import { api } from '../../api/api.ts'
import { present } from '../../api/search-params.ts'
import { usePages } from '../../api/use-pages.ts'
import { useMe } from '../../session/me.ts'
import { PagedList } from '../../session/paged-list.tsx'
import { Button } from '../../ui/button.tsx'
import { EmptyState } from '../../ui/layout.tsx'
import { DataTable, ListTools, SearchBox } from '../../ui/table.tsx'
import { SettingsPage } from './settings-page.tsx'
import { type WebhookActName, WebhookActs } from './webhook-acts.tsx'
import { useWebhookColumns } from './webhooks-columns.tsx'

/** A webhook of the tenant. */
export type Webhook = operations['webhooksList']['responses'][200]['content']['application/json']['items'][number]

const route = getRouteApi('/signed-in/administration/admin/settings/webhooks')

/** Lists the webhooks and how they do. */
export function WebhooksSettings(): JSX.Element {
  const t = useTranslations('settings.webhooks')
  const { permissions } = useMe()
  const { search } = route.useSearch()
  const navigate = route.useNavigate()
  const pages = usePages(search ?? '')
  const query = present({ search, limit: 50, after: pages.after })
  const list = useQuery({
    queryKey: ['webhooks', query],
    queryFn: ({ signal }) => answerOf(api.GET('/api/v1/webhooks', { params: { query }, signal })),
    placeholderData: keepPreviousData,
  })
  const [open, setOpen] = useState<{ act: WebhookActName; webhook?: Webhook }>()
  const mayWrite = permissions.includes('webhooks.write')
  const columns = useWebhookColumns(mayWrite, (act, webhook) => {
    setOpen({ act, webhook })
  })
  const add = (
    <Button
      variant="primary"
      icon={<Plus size={18} aria-hidden="true" />}
      onClick={() => {
        setOpen({ act: 'edit' })
      }}
    >
      {t('add')}
    </Button>
  )
  return (
    <SettingsPage
      title={t('title')}
      lead={mayWrite ? t('lead') : t('leadOrigins')}
      actions={mayWrite ? add : undefined}
    >
      <ListTools>
        <SearchBox
          label={t('search')}
          value={search ?? ''}
          onChange={(text) => void navigate({ search: text === '' ? {} : { search: text }, replace: true })}
        />
      </ListTools>
      <PagedList list={list} pages={pages}>
        <DataTable
          caption={t('title')}
          columns={columns}
          items={list.data?.items}
          keyOf={({ webhookId }) => webhookId}
          empty={
            <EmptyState
              icon={<WebhookIcon size={32} aria-hidden="true" />}
              title={search === undefined ? t('none') : t('noneFound')}
            >
              {search === undefined ? t('noneHint') : t('noneFoundHint')}
            </EmptyState>
          }
        />
      </PagedList>
      {open === undefined ? null : (
        <WebhookActs
          {...open}
          onClose={() => {
            setOpen(undefined)
          }}
        />
      )}
    </SettingsPage>
  )
}
