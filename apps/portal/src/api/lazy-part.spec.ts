import { expect, it } from 'vitest'

import { lazyPart, LostPartError } from './lazy-part.ts'

const LOST = new TypeError('Failed to fetch dynamically imported module: http://localhost/assets/devices-page-x.js')
const lost = (): Promise<never> => Promise.reject(LOST)

it('gives what was loaded, and asks nobody then', async () => {
  const ask = (): Promise<boolean> => Promise.reject(new Error('was asked'))
  expect(await lazyPart(() => Promise.resolve('page'), ask)).toBe('page')
})

it('says of a part that did not come whether the service has it no more', async () => {
  for (const isGone of [true, false]) {
    const problem = lazyPart(lost, () => Promise.resolve(isGone))
    await expect(problem).rejects.toBeInstanceOf(LostPartError)
    await expect(problem).rejects.toMatchObject({ isGone, cause: LOST })
    // The router loads the page anew for messages like the cause's.
    await expect(problem).rejects.not.toThrow(/import/i)
  }
})
