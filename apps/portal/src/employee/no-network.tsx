import { Network } from 'lucide-react'
import type { JSX, ReactNode } from 'react'
import { useTranslations } from 'use-intl'

import { useMe } from '../session/me.ts'
import { LinkButton } from '../ui/button.tsx'
import { Card, EmptyState } from '../ui/layout.tsx'

/** Says that there is nothing to connect to, and whose turn it is. */
export function NoNetwork(): JSX.Element {
  const t = useTranslations('employee.noNetwork')
  const { permissions } = useMe()
  // The organisation of the operators never has one.
  if (permissions.includes('platform.read')) return <Said title={t('operatorTitle')}>{t('operator')}</Said>
  if (!permissions.includes('networks.write')) return <Said title={t('title')}>{t('employee')}</Said>
  return (
    <Said
      title={t('title')}
      action={
        <LinkButton to="/admin/settings/networks" variant="primary">
          {t('make')}
        </LinkButton>
      }
    >
      {t('administrator')}
    </Said>
  )
}

interface SaidProps {
  readonly title: string
  readonly children: string
  readonly action?: ReactNode
}

function Said({ title, children, action }: SaidProps): JSX.Element {
  return (
    <Card>
      <EmptyState icon={<Network size={40} aria-hidden="true" />} title={title} action={action}>
        {children}
      </EmptyState>
    </Card>
  )
}
