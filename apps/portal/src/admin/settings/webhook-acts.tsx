import type { JSX } from 'react'

import { DeleteWebhook, DisableWebhook, EnableWebhook, RenewSecret } from './webhook-confirmations.tsx'
import { WebhookDialog } from './webhook-dialog.tsx'
import { WebhookTest } from './webhook-test.tsx'
import type { Webhook } from './webhooks-settings.tsx'

/** What can be done with a webhook. */
export type WebhookActName = 'edit' | 'test' | 'secret' | 'enable' | 'disable' | 'delete'

interface WebhookActsProps {
  readonly act: WebhookActName
  /** Absent when a new one is to be made. */
  readonly webhook?: Webhook
  readonly onClose: () => void
}

/** Shows what belongs to an act with a webhook. */
export function WebhookActs({ act, webhook, onClose }: WebhookActsProps): JSX.Element {
  if (webhook === undefined) return <WebhookDialog onClose={onClose} />
  const common = { webhook, onClose }
  switch (act) {
    case 'edit':
      return <WebhookDialog {...common} />
    case 'test':
      return <WebhookTest {...common} />
    case 'secret':
      return <RenewSecret {...common} />
    case 'enable':
      return <EnableWebhook {...common} />
    case 'disable':
      return <DisableWebhook {...common} />
    case 'delete':
      return <DeleteWebhook {...common} />
  }
}
