import { createApiClient } from '@sallyport/api-client'

import { markUnattended } from './attendance.ts'
import { markPageOwner, startAnew, USER_CHANGED } from './page-owner.ts'
import { noteServerTime } from './server-clock.ts'

/** The public API of the service that served this page; the browser sends its session cookie. */
export const api = createApiClient({ baseUrl: window.location.origin })

api.use({
  onRequest: ({ request }) => {
    markUnattended(request)
    markPageOwner(request)
  },
  onResponse: ({ response }) => {
    // An answer that may be kept may be an old one.
    const mayBeOld = /max-age/.test(response.headers.get('cache-control') ?? '')
    if (!mayBeOld) noteServerTime(response.headers.get('date'), Date.now())
    if (response.status === USER_CHANGED) startAnew()
  },
})
