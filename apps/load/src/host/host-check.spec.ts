import { expect, it } from 'vitest'

import { checkHost, descriptorLimit, hasNetAdmin, neededDescriptors } from './host-check.ts'

it('reads the limit of open files', () => {
  const limits = (soft: string): string =>
    `Limit                     Soft Limit           Hard Limit           Units\nMax open files            ${soft}                 524288               files\n`
  expect(descriptorLimit(limits('1024'))).toBe(1024)
  expect(descriptorLimit(limits('unlimited'))).toBe(Infinity)
})

it('reads the capability', () => {
  expect(hasNetAdmin('Name: node\nCapEff:\t000001ffffffffff\n')).toBe(true)
  expect(hasNetAdmin('Name: node\nCapEff:\t0000000000000000\n')).toBe(false)
  expect(hasNetAdmin('nonsense')).toBe(false)
})

it('counts a socket for each tunnel and one for its traffic, and says how to get more', async () => {
  expect(neededDescriptors(10_000, true) - neededDescriptors(10_000, false)).toBe(10_000)
  await expect(checkHost(1_000_000_000)).rejects.toThrow(/ulimit -n 1000000000|run it as root/)
})
