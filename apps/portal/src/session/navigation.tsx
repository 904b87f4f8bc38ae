import { Link, type LinkProps, useLocation } from '@tanstack/react-router'
import {
  Activity,
  Building2,
  Cable,
  ChartNoAxesCombined,
  House,
  Laptop,
  type LucideIcon,
  MonitorSmartphone,
  Network,
  ScrollText,
  Server,
  Settings,
  ShieldCheck,
  UserRound,
  Users,
  UsersRound,
} from 'lucide-react'
import { type JSX, useEffect, useRef } from 'react'
import { useTranslations } from 'use-intl'

import styles from './frame.module.css'
import { type Me, useMe } from './me.ts'

type Label = Parameters<ReturnType<typeof useTranslations<'navigation'>>>[0]

interface Entry {
  readonly to: NonNullable<LinkProps['to']>
  readonly label: Label
  readonly icon: LucideIcon
  /** What one must be allowed to for it to be of use. */
  readonly permission: Me['permissions'][number]
  readonly exact?: boolean
  /** Of no use where there is nothing to connect to. */
  readonly needsNetwork?: boolean
}

const GROUPS: readonly { readonly title: Label; readonly entries: readonly Entry[] }[] = [
  {
    title: 'own',
    entries: [
      { to: '/', label: 'home', icon: House, permission: 'self.read', exact: true },
      { to: '/devices', label: 'devices', icon: Laptop, permission: 'self.read', needsNetwork: true },
      { to: '/connections', label: 'connections', icon: Cable, permission: 'self.read' },
      { to: '/security', label: 'security', icon: UserRound, permission: 'self.read' },
    ],
  },
  {
    title: 'administration',
    entries: [
      { to: '/admin', label: 'overview', icon: ChartNoAxesCombined, permission: 'users.read', exact: true },
      { to: '/admin/users', label: 'users', icon: Users, permission: 'users.read' },
      { to: '/admin/groups', label: 'groups', icon: UsersRound, permission: 'groups.read' },
      { to: '/admin/policy', label: 'policy', icon: ShieldCheck, permission: 'policy.read' },
      { to: '/admin/devices', label: 'allDevices', icon: MonitorSmartphone, permission: 'devices.read' },
      { to: '/admin/connections', label: 'allConnections', icon: Activity, permission: 'connections.read' },
      { to: '/admin/audit', label: 'audit', icon: ScrollText, permission: 'audit.read' },
      { to: '/admin/settings', label: 'settings', icon: Settings, permission: 'settings.read' },
    ],
  },
  {
    title: 'platform',
    entries: [
      {
        to: '/platform',
        label: 'platformOverview',
        icon: ChartNoAxesCombined,
        permission: 'platform.read',
        exact: true,
      },
      { to: '/platform/tenants', label: 'tenants', icon: Building2, permission: 'platform.read' },
      { to: '/platform/nodes', label: 'nodes', icon: Server, permission: 'platform.read' },
      { to: '/platform/pools', label: 'pools', icon: Network, permission: 'platform.read' },
    ],
  },
]

/** Lists the pages that are of use to whoever is signed in. */
export function Navigation({ onFollow }: { readonly onFollow?: () => void }): JSX.Element {
  const t = useTranslations('navigation')
  const { permissions, hasNetwork } = useMe()
  const list = useRef<HTMLDivElement>(null)
  const place = useLocation({ select: ({ pathname }) => pathname })
  useEffect(() => {
    list.current?.querySelector('[data-status="active"]')?.scrollIntoView({ block: 'nearest' })
  }, [place])
  const groups = GROUPS.map(({ title, entries }) => ({
    title,
    entries: entries.filter(
      ({ permission, needsNetwork = false }) => permissions.includes(permission) && (hasNetwork || !needsNetwork),
    ),
  })).filter(({ entries }) => entries.length > 0)
  return (
    <div ref={list} className={styles.navigation}>
      {groups.map(({ title, entries }) => (
        <nav key={title} aria-label={t(title)} className={styles.group}>
          {groups.length > 1 ? (
            <span className={styles.groupTitle} aria-hidden="true">
              {t(title)}
            </span>
          ) : null}
          {entries.map(({ to, label, icon: Icon, exact = false }) => (
            <Link
              key={to}
              to={to}
              activeOptions={{ exact }}
              className={styles.link}
              {...(onFollow === undefined ? {} : { onClick: onFollow })}
            >
              <Icon size={18} aria-hidden="true" />
              {t(label)}
            </Link>
          ))}
        </nav>
      ))}
    </div>
  )
}
