import { createApiClient } from '@sallyport/api-client'

import { markUnattended } from './attendance.ts'
import { noteServerTime } from './server-clock.ts'

/** The public API of the service that served this page; the browser sends its session cookie. */
export const api = createApiClient({ baseUrl: window.location.origin })

api.use({
  onRequest: ({ request }) => {
    markUnattended(request)
  },
  onResponse: ({ request, response }) => {
    if (request.method !== 'GET') noteServerTime(response.headers.get('date'), Date.now())
  },
})
