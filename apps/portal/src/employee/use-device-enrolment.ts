import { ApiUnreachableError } from '@sallyport/api-client'
import { useRef } from 'react'

import { serverNowMs } from '../api/server-clock.ts'
import { type Task, useTask } from '../session/use-task.ts'
import {
  type DeviceWish,
  enrolWithKey,
  enrolWithServerKey,
  findLostDevice,
  type HandedProfile,
} from './device-calls.ts'
import { type DeviceKey, makeDeviceKey } from './device-key.ts'

const TIME_OF_CALL_MS = 60_000

/** How devices are enrolled. */
export interface DeviceEnrolment extends Omit<Task, 'run'> {
  /** Gives the profile; `undefined` when it did not work. */
  readonly enrol: (wish: DeviceWish) => Promise<HandedProfile | undefined>
}

/**
 * Enrols a device. Whoever tries again after a call without an answer goes on with the same key, or the same device, so
 * that nothing is made twice.
 */
export function useDeviceEnrolment(): DeviceEnrolment {
  const { run, ...task } = useTask()
  const unused = useRef<DeviceKey>(undefined)
  const unansweredSinceMs = useRef<number>(undefined)
  const withKey = async (wish: DeviceWish): Promise<HandedProfile> => {
    unused.current ??= await makeDeviceKey()
    const handed = await enrolWithKey(wish, unused.current)
    unused.current = undefined
    return handed
  }
  const withServerKey = async (wish: DeviceWish): Promise<HandedProfile> => {
    const sinceMs = unansweredSinceMs.current
    try {
      const lost = sinceMs === undefined ? undefined : await findLostDevice(wish, sinceMs)
      const handed = lost ?? (await enrolWithServerKey(wish))
      unansweredSinceMs.current = undefined
      return handed
    } catch (error) {
      if (error instanceof ApiUnreachableError) unansweredSinceMs.current ??= serverNowMs(Date.now()) - TIME_OF_CALL_MS
      throw error
    }
  }
  const enrol = async (wish: DeviceWish): Promise<HandedProfile | undefined> => {
    let handed: HandedProfile | undefined
    await run(async () => {
      handed = await (wish.how === 'own-key' ? withKey(wish) : withServerKey(wish))
    })
    return handed
  }
  return { ...task, enrol }
}
