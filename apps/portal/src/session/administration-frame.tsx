import { Outlet, useLocation } from '@tanstack/react-router'
import type { JSX } from 'react'

import { useMe } from './me.ts'
import { NotAllowedPage } from './not-allowed-page.tsx'

/** Shows an area to those for whom there is something in it; to others it says so. */
export function AdministrationFrame(): JSX.Element {
  const { permissions } = useMe()
  const isPlatform = useLocation({ select: ({ pathname }) => pathname.startsWith('/platform') })
  return permissions.includes(isPlatform ? 'platform.read' : 'users.read') ? <Outlet /> : <NotAllowedPage />
}
