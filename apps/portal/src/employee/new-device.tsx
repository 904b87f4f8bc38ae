import { CircleCheck, Download, Plus } from 'lucide-react'
import { type JSX, useEffect, useRef } from 'react'
import { useTranslations } from 'use-intl'

import { useLeave } from '../session/leaving.ts'
import { useMe } from '../session/me.ts'
import { Button, LinkButton } from '../ui/button.tsx'
import { Card, Row, Stack } from '../ui/layout.tsx'
import { Notice } from '../ui/notice.tsx'
import { PROFILE_TYPE, saveFile } from '../ui/save-file.ts'
import type { HandedProfile } from './device-calls.ts'
import styles from './employee.module.css'
import { ImportLinkView } from './import-link-view.tsx'
import { useOwnDevices } from './own-queries.ts'
import { fileNameOf } from './profile-file.ts'
import { RecentFailure } from './recent-failure.tsx'
import type { VpnClient } from './vpn-clients.ts'

interface NewDeviceProps {
  readonly handed: HandedProfile
  readonly client: VpnClient
  readonly onAnother: () => void
}

/** Hands the profile over, says what to do with it, and notices when the device has connected. */
export function NewDevice({ handed, client, onAnother }: NewDeviceProps): JSX.Element {
  const t = useTranslations('employee')
  const { tenant, user } = useMe()
  const { profile, importLink, name } = handed
  const fileName = fileNameOf(tenant.slug, name)
  const leave = useLeave()
  const hasConnected = useHasConnected(handed)
  return (
    <Stack>
      {profile === undefined ? null : <ProfileFile profile={profile} fileName={fileName} />}
      {importLink === undefined ? null : (
        <Card title={t('made.linkTitle')}>
          <ImportLinkView link={importLink} isUsed={hasConnected} />
        </Card>
      )}
      <Card title={t('made.nextTitle')}>
        <ol className={styles.steps}>
          <li>
            {importLink === undefined ? t(`clients.${client.id}.import`, { file: fileName }) : t('made.importLink')}
          </li>
          <li>{t(`clients.${client.id}.connect`, { user: user.username })}</li>
          <li>{t('made.code')}</li>
        </ol>
      </Card>
      <FirstConnection handed={handed} hasConnected={hasConnected} />
      <Row>
        <LinkButton to="/devices">{t('made.toDevices')}</LinkButton>
        <Button
          variant="quiet"
          icon={<Plus size={18} aria-hidden="true" />}
          onClick={() => {
            leave(onAnother)
          }}
        >
          {t('made.another')}
        </Button>
      </Row>
    </Stack>
  )
}

function ProfileFile({ profile, fileName }: { readonly profile: string; readonly fileName: string }): JSX.Element {
  const t = useTranslations('employee')
  const isSaved = useRef(false)
  const save = (): void => {
    saveFile(fileName, profile, PROFILE_TYPE)
  }
  useEffect(() => {
    if (isSaved.current) return
    isSaved.current = true
    saveFile(fileName, profile, PROFILE_TYPE)
  }, [fileName, profile])
  return (
    <Card title={t('made.fileTitle')}>
      <p>{t.rich('made.file', { file: fileName, code: (chunks) => <code>{chunks}</code> })}</p>
      <p>{t('made.fileSecret')}</p>
      <div>
        <Button icon={<Download size={18} aria-hidden="true" />} onClick={save}>
          {t('made.again')}
        </Button>
      </div>
    </Card>
  )
}

/** Tells whether the device has connected. */
function useHasConnected({ deviceId, name }: HandedProfile): boolean {
  const { data } = useOwnDevices({ search: name, state: 'active' })
  return data?.items.some((device) => device.deviceId === deviceId && device.lastConnectedAt !== null) ?? false
}

interface FirstConnectionProps {
  readonly handed: HandedProfile
  readonly hasConnected: boolean
}

/** Waits for the first connection, and says why attempts fail: the service tells of both. */
function FirstConnection({ handed: { deviceId, name }, hasConnected }: FirstConnectionProps): JSX.Element {
  const t = useTranslations('employee')
  if (hasConnected) {
    return (
      <Notice
        tone="success"
        title={t('made.connectedTitle')}
        actions={
          <LinkButton to="/" size="small" icon={<CircleCheck size={16} aria-hidden="true" />}>
            {t('made.toHome')}
          </LinkButton>
        }
      >
        {t('made.connected', { name })}
      </Notice>
    )
  }
  return (
    <>
      <RecentFailure deviceId={deviceId} />
      <Card>
        <div className={styles.waiting} role="status">
          <span className={styles.pulse} aria-hidden="true" />
          <p>{t('made.waiting', { name })}</p>
        </div>
      </Card>
    </>
  )
}
