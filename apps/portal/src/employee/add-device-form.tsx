import { ApiUnreachableError } from '@sallyport/api-client'
import { useQuery } from '@tanstack/react-query'
import { Download, QrCode } from 'lucide-react'
import { type JSX, type SubmitEvent, useState } from 'react'
import { useTranslations } from 'use-intl'

import { hasIssue } from '../api/issue-place.ts'
import { useLostOnLeaving } from '../session/leaving.ts'
import { useMe } from '../session/me.ts'
import { ProblemNotice } from '../session/problem-notice.tsx'
import { Button } from '../ui/button.tsx'
import { Checkbox, FieldGroup, SelectField, TextField } from '../ui/field.tsx'
import { Card, Stack } from '../ui/layout.tsx'
import { Notice } from '../ui/notice.tsx'
import { useFocusInvalid } from '../ui/use-focus-invalid.ts'
import { ClientChoice } from './client-choice.tsx'
import { detectSystem, prefersLink, type System } from './client-system.ts'
import type { DeviceWish, HandedProfile } from './device-calls.ts'
import { canMakeKeys } from './device-key.ts'
import { ownNetworksQuery } from './own-queries.ts'
import { SystemChoice } from './system-choice.tsx'
import { useDeviceEnrolment } from './use-device-enrolment.ts'
import { VPN_CLIENTS, type VpnClient } from './vpn-clients.ts'

interface AddDeviceFormProps {
  readonly onMade: (handed: HandedProfile, client: VpnClient) => void
}

/** Asks what is needed for a new device: its system, the program, a name. */
export function AddDeviceForm({ onMade }: AddDeviceFormProps): JSX.Element {
  const t = useTranslations('employee')
  const { user } = useMe()
  const [present] = useState(() => detectSystem(navigator))
  const [system, setSystem] = useState<System>(present)
  const [chosenClient, setClient] = useState<VpnClient>()
  const clients = VPN_CLIENTS[system]
  const client = clients.find(({ id }) => id === chosenClient?.id) ?? clients[0]
  const [typedName, setName] = useState<string>()
  const name = typedName ?? t(`add.suggested.${system}`)
  const [networkId, setNetworkId] = useState<string>()
  const [wantsFile, setWantsFile] = useState(false)
  const [isOld, setOld] = useState(false)
  const isLink = prefersLink(system) && !wantsFile
  const how = isLink ? 'link' : canMakeKeys() ? 'own-key' : 'server-key'
  const { busy, problem, enrol } = useDeviceEnrolment()
  // Whoever goes on after a call without an answer needs the same key again.
  useLostOnLeaving('deviceKey', how === 'own-key' && (busy || problem instanceof ApiUnreachableError))
  const isBadName = hasIssue(problem, 'name')
  const form = useFocusInvalid(problem)
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault()
    const flavour = isOld && system === 'other' ? 'legacy' : 'modern'
    const handed = await enrol({ userId: user.userId, name: name.trim(), networkId, flavour, how })
    if (handed !== undefined) onMade(handed, client)
  }
  return (
    <form ref={form} onSubmit={(event) => void submit(event)}>
      <Stack>
        <Card title={t('add.stepSystem')}>
          <SystemChoice system={system} present={present} onChoose={setSystem} />
        </Card>
        <Card title={t('add.stepProgram')}>
          <ClientChoice clients={clients} client={client} onChoose={setClient} />
        </Card>
        <Card title={t('add.stepProfile')}>
          <TextField
            label={t('add.name')}
            description={t('add.nameHelp')}
            error={isBadName ? t('device.badName') : undefined}
            required
            maxLength={64}
            value={name}
            onChange={(event) => {
              setName(event.target.value)
            }}
          />
          <NetworkChoice networkId={networkId} onChoose={setNetworkId} />
          {prefersLink(system) ? (
            <FieldGroup legend={t('add.how')}>
              <Checkbox
                type="radio"
                name="how"
                label={t('add.byLink')}
                description={t('add.byLinkText')}
                checked={isLink}
                onChange={() => {
                  setWantsFile(false)
                }}
              />
              <Checkbox
                type="radio"
                name="how"
                label={t('add.byFile')}
                description={t('add.byFileText')}
                checked={!isLink}
                onChange={() => {
                  setWantsFile(true)
                }}
              />
            </FieldGroup>
          ) : null}
          {system === 'other' ? (
            <Checkbox
              label={t('add.old')}
              description={t('add.oldText')}
              checked={isOld}
              onChange={(event) => {
                setOld(event.target.checked)
              }}
            />
          ) : null}
          <KeyNote how={how} />
          {isBadName ? null : <ProblemNotice problem={problem} />}
          <div>
            <Button
              type="submit"
              variant="primary"
              busy={busy}
              icon={isLink ? <QrCode size={18} aria-hidden="true" /> : <Download size={18} aria-hidden="true" />}
            >
              {isLink ? t('add.makeLink') : t('add.makeFile')}
            </Button>
          </div>
        </Card>
      </Stack>
    </form>
  )
}

interface NetworkChoiceProps {
  readonly networkId: string | undefined
  readonly onChoose: (networkId: string) => void
}

function NetworkChoice({ networkId, onChoose }: NetworkChoiceProps): JSX.Element | null {
  const t = useTranslations('employee')
  const { data } = useQuery(ownNetworksQuery)
  const networks = data?.items ?? []
  if (networks.length < 2) return null
  return (
    <SelectField
      label={t('add.network')}
      value={networkId ?? networks[0]?.networkId}
      onChange={(event) => {
        onChoose(event.target.value)
      }}
    >
      {networks.map((network) => (
        <option key={network.networkId} value={network.networkId}>
          {network.name}
        </option>
      ))}
    </SelectField>
  )
}

/** Says honestly where the secret key is made, and who has it for how long. */
function KeyNote({ how }: { readonly how: DeviceWish['how'] }): JSX.Element {
  const t = useTranslations('employee')
  if (how === 'own-key') return <Notice>{t('add.ownKey')}</Notice>
  if (how === 'link') return <Notice>{t('add.linkKey')}</Notice>
  return <Notice tone="warning">{t('add.serverKey')}</Notice>
}
