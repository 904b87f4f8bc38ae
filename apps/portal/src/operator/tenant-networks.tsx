import { answerOf } from '@sallyport/api-client'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { Plus } from 'lucide-react'
import { type JSX, useState } from 'react'
import { useTranslations } from 'use-intl'

import { api } from '../api/api.ts'
import { useProblemText } from '../api/problem-text.ts'
import { present } from '../api/search-params.ts'
import { usePages } from '../api/use-pages.ts'
import { Button } from '../ui/button.tsx'
import { Dialog, DialogActions } from '../ui/dialog.tsx'
import { Facts, Skeleton, Stack } from '../ui/layout.tsx'
import { Notice } from '../ui/notice.tsx'
import { Pager } from '../ui/table.tsx'
import styles from './platform.module.css'
import { NetworkForm } from './tenant-network-form.tsx'
import type { Tenant } from './tenants-page.tsx'

interface TenantNetworksProps {
  readonly tenant: Tenant
  readonly mayWrite: boolean
  readonly onClose: () => void
}

const SHOWN = 20

/** Shows the networks of a tenant, and creates another. */
export function TenantNetworks({ tenant, mayWrite, onClose }: TenantNetworksProps): JSX.Element {
  const t = useTranslations('platform.networks')
  const [isCreating, setCreating] = useState(false)
  return (
    <Dialog open wide onClose={onClose} title={t(isCreating ? 'createTitle' : 'title', { name: tenant.name })}>
      {isCreating ? (
        <NetworkForm
          tenant={tenant}
          onDone={() => {
            setCreating(false)
          }}
        />
      ) : (
        <Stack>
          <NetworkList tenantId={tenant.tenantId} />
          {mayWrite ? (
            <DialogActions>
              <Button
                icon={<Plus size={18} aria-hidden="true" />}
                onClick={() => {
                  setCreating(true)
                }}
              >
                {t('create')}
              </Button>
            </DialogActions>
          ) : null}
        </Stack>
      )}
    </Dialog>
  )
}

function NetworkList({ tenantId }: { readonly tenantId: string }): JSX.Element {
  const t = useTranslations('platform.networks')
  const problemText = useProblemText()
  const pages = usePages(tenantId)
  const query = present({ limit: SHOWN, after: pages.after })
  const { data, error } = useQuery({
    queryKey: ['tenants', tenantId, 'networks', query],
    queryFn: ({ signal }) =>
      answerOf(
        api.GET('/api/v1/platform/tenants/{id}/networks', { params: { path: { id: tenantId }, query }, signal }),
      ),
    placeholderData: keepPreviousData,
  })
  if (error !== null) return <Notice tone="danger">{problemText(error)}</Notice>
  if (data === undefined) return <Skeleton lines={4} />
  if (data.items.length === 0) return <p>{t('none')}</p>
  const next = pages.nextOf(data.next)
  return (
    <>
      <ul className={styles.networks}>
        {data.items.map((network) => (
          <li key={network.networkId} className={styles.network}>
            <h3>{network.name}</h3>
            <Facts
              entries={[
                [t('ipv4'), network.ipv4],
                [t('ipv6'), network.ipv6],
                [t('namespace'), network.namespace],
                [t('routes'), network.routes.join(', ')],
                [t('dnsServers'), network.dnsServers.join(', ')],
                [t('dnsDomains'), network.dnsDomains.join(', ')],
              ]}
            />
          </li>
        ))}
      </ul>
      {pages.previous === undefined && next === undefined ? null : <Pager previous={pages.previous} next={next} />}
    </>
  )
}
