import { ExternalLink } from 'lucide-react'
import type { JSX } from 'react'
import { useTranslations } from 'use-intl'

import { AnchorButton } from '../ui/button.tsx'
import { CopyText } from '../ui/copy-text.tsx'
import { Checkbox, FieldGroup } from '../ui/field.tsx'
import { Stack } from '../ui/layout.tsx'
import type { VpnClient } from './vpn-clients.ts'

interface ClientChoiceProps {
  readonly clients: readonly VpnClient[]
  readonly client: VpnClient
  readonly onChoose: (client: VpnClient) => void
}

/** Says which program to install and where it comes from; asks where there are several. */
export function ClientChoice({ clients, client, onChoose }: ClientChoiceProps): JSX.Element {
  const t = useTranslations('employee')
  const name = t(`clients.${client.id}.name`)
  return (
    <Stack>
      {clients.length === 1 ? (
        <p>{t(`clients.${client.id}.about`)}</p>
      ) : (
        <FieldGroup legend={t('add.program')}>
          {clients.map((other) => (
            <Checkbox
              key={other.id}
              type="radio"
              name="client"
              label={t(`clients.${other.id}.name`)}
              description={t(`clients.${other.id}.about`)}
              checked={other.id === client.id}
              onChange={() => {
                onChoose(other)
              }}
            />
          ))}
        </FieldGroup>
      )}
      {client.page === undefined ? null : (
        <div>
          <AnchorButton
            href={client.page}
            target="_blank"
            rel="noreferrer"
            icon={<ExternalLink size={18} aria-hidden="true" />}
          >
            {t('add.get', { name })}
          </AnchorButton>
        </div>
      )}
      {client.command === undefined ? null : (
        <div>
          <p>{t('add.command')}</p>
          <CopyText text={client.command} label={t('add.commandLabel')} />
        </div>
      )}
    </Stack>
  )
}
