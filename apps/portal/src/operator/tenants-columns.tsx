import type { JSX } from 'react'
import { useTranslations } from 'use-intl'

import { Badge } from '../ui/badge.tsx'
import { Button } from '../ui/button.tsx'
import { Muted } from '../ui/layout.tsx'
import type { Column } from '../ui/table.tsx'
import { DateTime } from '../ui/time.tsx'
import { TwoLines } from '../ui/two-lines.tsx'
import styles from './platform.module.css'
import type { Tenant } from './tenants-page.tsx'
import { useResumeTenant } from './use-change-tenant.ts'

/** What is opened for a tenant. */
export type TenantAct = 'networks' | 'namespaces' | 'suspend'

type OnAct = (act: TenantAct, tenant: Tenant) => void

/** Gives the columns of the list of tenants. */
export function useTenantColumns(mayWrite: boolean, onAct: OnAct): Column<Tenant>[] {
  const t = useTranslations('platform.tenants')
  return [
    { header: t('name'), cell: ({ name, slug }) => <TwoLines second={slug}>{name}</TwoLines> },
    {
      header: t('state'),
      cell: ({ suspended, isPlatform }) =>
        suspended ? (
          <Badge tone="danger">{t('suspended')}</Badge>
        ) : (
          <Badge tone={isPlatform ? 'info' : 'success'}>{isPlatform ? t('isPlatform') : t('active')}</Badge>
        ),
    },
    {
      header: t('namespaces'),
      cell: ({ namespaces }) => (namespaces.length === 0 ? <Muted>{t('none')}</Muted> : namespaces.join(', ')),
    },
    { header: t('created'), cell: ({ createdAt }) => <DateTime at={createdAt} dateOnly /> },
    {
      header: t('acts'),
      unnamed: true,
      align: 'end',
      cell: (tenant) => (tenant.isPlatform ? null : <Acts tenant={tenant} mayWrite={mayWrite} onAct={onAct} />),
    },
  ]
}

interface ActsProps {
  readonly tenant: Tenant
  readonly mayWrite: boolean
  readonly onAct: OnAct
}

function Acts({ tenant, mayWrite, onAct }: ActsProps): JSX.Element {
  const t = useTranslations('platform.tenants')
  const { name, suspended } = tenant
  const acts = mayWrite ? (['networks', 'namespaces'] as const) : (['networks'] as const)
  return (
    <span className={styles.acts}>
      {acts.map((act) => (
        <Button
          key={act}
          size="small"
          label={t(`${act}Of`, { name })}
          onClick={() => {
            onAct(act, tenant)
          }}
        >
          {t(act)}
        </Button>
      ))}
      {mayWrite && suspended ? <ResumeButton tenant={tenant} /> : null}
      {mayWrite && !suspended ? (
        <Button
          size="small"
          label={t('suspendOf', { name })}
          onClick={() => {
            onAct('suspend', tenant)
          }}
        >
          {t('suspend')}
        </Button>
      ) : null}
    </span>
  )
}

function ResumeButton({ tenant }: { readonly tenant: Tenant }): JSX.Element {
  const t = useTranslations('platform.tenants')
  const { resume, busy } = useResumeTenant(tenant)
  return (
    <Button size="small" busy={busy} label={t('resumeOf', { name: tenant.name })} onClick={resume}>
      {t('resume')}
    </Button>
  )
}
