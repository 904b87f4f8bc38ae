import { setTimeout as delay } from 'node:timers/promises'

import { z } from 'zod'

import type { Shown } from './raw-api.ts'

const COMES_WITHIN_MS = 3000

const changed = z.strictObject({ topics: z.array(z.string()) })

/** An open stream of events. */
export interface EventListener extends AsyncDisposable {
  readonly status: number
  readonly headers: Headers
  /** Gives the topics of the next events until all of these were named; throws when they do not come in time. */
  readonly hear: (...topics: string[]) => Promise<readonly string[]>
  /** Gives the topics that are named within a time. */
  readonly during: (ms: number) => Promise<readonly string[]>
  /** Waits for the end; gives the name of the last event. */
  readonly ended: () => Promise<string | undefined>
  /** When each event came. */
  readonly times: readonly number[]
}

/** Opens a stream of events and reads it from then on. */
export async function listenToEvents(baseUrl: string, shown: Shown): Promise<EventListener> {
  const closed = new AbortController()
  const response = await fetch(`${baseUrl}/api/v1/events`, { headers: shown, signal: closed.signal })
  const heard: { name: string; topics: readonly string[] }[] = []
  const times: number[] = []
  let read = 0
  const end = readAll(response, (name, topics) => {
    heard.push({ name, topics })
    times.push(performance.now())
  })
  const take = (): string[] => {
    const topics = heard.slice(read).flatMap((event) => event.topics)
    read = heard.length
    return topics
  }
  return {
    status: response.status,
    headers: response.headers,
    times,
    hear: async (...wanted) => {
      const found = new Set<string>()
      const deadline = performance.now() + COMES_WITHIN_MS
      for (;;) {
        for (const topic of take()) found.add(topic)
        if (wanted.every((topic) => found.has(topic))) return [...found]
        if (performance.now() > deadline)
          throw new Error(`heard ${[...found].join(', ') || 'nothing'}, not ${wanted.join(', ')}`)
        await delay(20)
      }
    },
    during: async (ms) => {
      await delay(ms)
      return take()
    },
    ended: async () => {
      const late = delay(COMES_WITHIN_MS, 'late', { ref: false })
      if ((await Promise.race([end, late])) === 'late') throw new Error('the stream did not end')
      return heard.at(-1)?.name
    },
    [Symbol.asyncDispose]: () => {
      closed.abort()
      return Promise.resolve()
    },
  }
}

/** Reads the blocks of a stream (HTML Standard §9.2.6), as far as it is used. */
async function readAll(response: Response, hear: (name: string, topics: readonly string[]) => void): Promise<void> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  for (;;) {
    const part = await reader?.read().catch(() => undefined)
    if (part === undefined || part.done) return
    text += part.value
    const blocks = text.split('\n\n')
    text = blocks.pop() ?? ''
    for (const block of blocks) {
      const name = /^event: (.*)$/m.exec(block)?.[1]
      const data = /^data: (.*)$/m.exec(block)?.[1] ?? '{}'
      if (name !== undefined) hear(name, name === 'changed' ? changed.parse(JSON.parse(data)).topics : [])
    }
  }
}
