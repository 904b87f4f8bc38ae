import { type JSX, useEffect, useState } from 'react'
import { useTranslations } from 'use-intl'

import { useMe } from '../session/me.ts'
import { Page } from '../ui/layout.tsx'
import { AddDeviceForm } from './add-device-form.tsx'
import type { HandedProfile } from './device-calls.ts'
import { NewDevice } from './new-device.tsx'
import { NoNetwork } from './no-network.tsx'
import type { VpnClient } from './vpn-clients.ts'

/** What was made for a device, and for which program. */
interface Made {
  readonly handed: HandedProfile
  readonly client: VpnClient
}

/** Leads somebody from nothing to a device that is connected. */
export function AddDevicePage(): JSX.Element {
  const t = useTranslations('employee')
  const { hasNetwork } = useMe()
  const [made, setMade] = useState<Made>()
  useEffect(() => {
    // The button that led here was at the end of a long page.
    window.scrollTo(0, 0)
  }, [made])
  if (!hasNetwork) {
    return (
      <Page title={t('add.title')}>
        <NoNetwork />
      </Page>
    )
  }
  return (
    <Page
      title={made === undefined ? t('add.title') : t('made.title', { name: made.handed.name })}
      lead={made === undefined ? t('add.lead') : undefined}
    >
      {made === undefined ? (
        <AddDeviceForm
          onMade={(handed, client) => {
            setMade({ handed, client })
          }}
        />
      ) : (
        <NewDevice
          {...made}
          onAnother={() => {
            setMade(undefined)
          }}
        />
      )}
    </Page>
  )
}
