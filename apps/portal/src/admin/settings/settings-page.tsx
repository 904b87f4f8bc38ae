import type { JSX, ReactNode } from 'react'
import { useTranslations } from 'use-intl'

import { useMe } from '../../session/me.ts'
import { Page, Stack } from '../../ui/layout.tsx'
import { TabLink, TabLinks } from '../../ui/tab-links.tsx'

interface SettingsPageProps {
  readonly title: string
  readonly lead: string
  readonly actions?: ReactNode
  readonly children: ReactNode
}

/** Shows the settings of one subject, with the way to the others. */
export function SettingsPage(props: SettingsPageProps): JSX.Element {
  const t = useTranslations('settings.tabs')
  const { permissions } = useMe()
  return (
    <Stack>
      <TabLinks label={t('label')}>
        <TabLink to="/admin/settings" activeOptions={{ exact: true }}>
          {t('vpn')}
        </TabLink>
        <TabLink to="/admin/settings/branding">{t('branding')}</TabLink>
        <TabLink to="/admin/settings/authorities">{t('authorities')}</TabLink>
        {permissions.includes('networks.read') ? (
          <TabLink to="/admin/settings/networks" search={{}}>
            {t('networks')}
          </TabLink>
        ) : null}
        {permissions.includes('webhooks.read') ? (
          <TabLink to="/admin/settings/webhooks" search={{}}>
            {t('webhooks')}
          </TabLink>
        ) : null}
        {permissions.includes('tokens.read') ? (
          <TabLink to="/admin/settings/api-tokens" search={{}}>
            {t('tokens')}
          </TabLink>
        ) : null}
      </TabLinks>
      <Page {...props} />
    </Stack>
  )
}
