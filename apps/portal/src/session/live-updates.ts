import { useQueryClient } from '@tanstack/react-query'
import { useRouter } from '@tanstack/react-router'
import { useEffect, useEffectEvent, useState } from 'react'

import { isRefusal } from '../api/problem-text.ts'
import { meQuery } from './me.ts'
import { onOtherTab } from './other-tabs.ts'

const REOPEN_MS = 2000
const REOPEN_AT_MOST_MS = 60_000

/** What the service tells of a change: the first parts of the keys of the queries that are not true any more. */
function topicsOf(data: string): string[] {
  const message: unknown = JSON.parse(data)
  if (typeof message !== 'object' || message === null || !('topics' in message)) return []
  const { topics } = message
  return Array.isArray(topics) ? topics.filter((topic) => typeof topic === 'string') : []
}

/**
 * Listens to the service for as long as the page is visible, and asks anew for what has changed: a query whose key begins
 * with a topic hears of it. Says whether the connection is lost; the browser makes it anew by itself.
 */
export function useLiveUpdates(): { readonly isLost: boolean } {
  const queries = useQueryClient()
  const router = useRouter()
  const [isLost, setLost] = useState(false)
  const signIn = useEffectEvent(async () => {
    const next = router.state.location.href
    await router.navigate({ to: '/sign-in', search: { next, ended: true }, replace: true, ignoreBlocker: true })
    queries.clear()
  })
  useEffect(() => {
    let stream: EventSource | undefined
    // A page that was opened in the background has not heard of anything yet.
    let wasOpen = document.visibilityState !== 'visible'
    let isLeaving = false
    let isOver = false
    let reopenMs = REOPEN_MS
    let timer: ReturnType<typeof setTimeout> | undefined
    const close = (): void => {
      stream?.close()
      stream = undefined
    }
    const open = (): void => {
      if (stream !== undefined) return
      stream = new EventSource('/api/v1/events')
      stream.addEventListener('open', () => {
        setLost(false)
        reopenMs = REOPEN_MS
        // What changed while nobody listened was not heard.
        if (wasOpen) void queries.invalidateQueries()
        wasOpen = true
      })
      stream.addEventListener('changed', (event) => {
        for (const topic of topicsOf(String(event.data))) void queries.invalidateQueries({ queryKey: [topic] })
      })
      stream.addEventListener('session-ended', () => void leave())
      stream.addEventListener('error', () => {
        if (stream?.readyState === EventSource.CLOSED) void leave()
        else setLost(true)
      })
    }
    // Nobody is signed in any more, or the session went on under another id, by which it listens anew.
    const leave = async (): Promise<void> => {
      if (isLeaving) return
      isLeaving = true
      close()
      try {
        await queries.query({ ...meQuery, staleTime: 0 })
        await router.invalidate()
      } catch (error) {
        if (isRefusal(error, 'not-signed-in')) await signIn()
        else setLost(true)
      }
      isLeaving = false
      if (isOver) return
      clearTimeout(timer)
      timer = setTimeout(follow, reopenMs)
      reopenMs = Math.min(2 * reopenMs, REOPEN_AT_MOST_MS)
    }
    // Any answer may be the first that says so: a tab in the background hears no events.
    const unsubscribe = queries.getQueryCache().subscribe(({ type, query }) => {
      if (type !== 'updated' || stream === undefined || query.queryKey === meQuery.queryKey) return
      if (query.state.status === 'error' && isRefusal(query.state.error, 'not-signed-in')) void leave()
    })
    // Browsers allow six connections to a server without HTTP/2, for all tabs together: those in the back leave theirs.
    const follow = (): void => {
      if (document.visibilityState === 'visible') open()
      else close()
    }
    follow()
    const deafen = onOtherTab(() => void leave())
    document.addEventListener('visibilitychange', follow)
    return () => {
      isOver = true
      document.removeEventListener('visibilitychange', follow)
      clearTimeout(timer)
      unsubscribe()
      deafen()
      close()
    }
  }, [queries, router])
  return { isLost }
}
