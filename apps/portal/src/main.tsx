import './ui/tokens.css'
import './ui/base.css'

import { QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'

import { leaveUnasked } from './api/page-owner.ts'
import { createQueryClient } from './api/query-client.ts'
import { serverNowMs } from './api/server-clock.ts'
import { chooseLocale, preferredLocale, storedLocale } from './messages/catalogue.ts'
import { TextsProvider } from './messages/texts-provider.tsx'
import { createPortalRouter } from './router.tsx'
import { showStoredTheme } from './session/theme.ts'
import { ClockContext } from './ui/clock.ts'
import { ToastArea } from './ui/toast.tsx'

const root = document.getElementById('root')
if (root === null) throw new Error('the page has no place for the portal')

leaveUnasked()
showStoredTheme()
await chooseLocale(preferredLocale(storedLocale(), navigator.languages), false)
const queries = createQueryClient()
const router = createPortalRouter(queries)
const serviceClock = (): number => serverNowMs(Date.now())
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <TextsProvider>
        <ClockContext value={serviceClock}>
          <ToastArea>
            <RouterProvider router={router} />
          </ToastArea>
        </ClockContext>
      </TextsProvider>
    </QueryClientProvider>
  </StrictMode>,
)
