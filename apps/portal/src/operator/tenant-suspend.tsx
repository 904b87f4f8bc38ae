import type { JSX } from 'react'
import { useTranslations } from 'use-intl'

import { ConfirmDialog } from '../ui/dialog.tsx'
import { useToast } from '../ui/toast.tsx'
import type { Tenant } from './tenants-page.tsx'
import { useChangeTenant, useResumeTenant } from './use-change-tenant.ts'

interface SuspendTenantProps {
  readonly tenant: Tenant
  readonly onClose: () => void
}

/** Asks before everybody of a tenant is cut off. */
export function SuspendTenant({ tenant, onClose }: SuspendTenantProps): JSX.Element {
  const t = useTranslations('platform.tenants')
  const say = useToast()
  const change = useChangeTenant(tenant)
  const { resume } = useResumeTenant(tenant)
  const { name } = tenant
  const suspend = async (): Promise<void> => {
    await change({ suspended: true })
    say(t('suspendDone', { name }), { label: t('resume'), act: resume })
  }
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      title={t('suspendTitle', { name })}
      undo={t('suspendUndo')}
      confirm={t('suspend')}
      onConfirm={suspend}
    >
      <p>{t('suspendWhat', { name })}</p>
    </ConfirmDialog>
  )
}
