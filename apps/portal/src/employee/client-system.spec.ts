import { expect, it } from 'vitest'

import { detectSystem, prefersLink, SYSTEMS } from './client-system.ts'

const MAC =
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15'

it.each([
  ['windows', 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/142.0.0.0 Safari/537.36', 0],
  ['windows', 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0', 10],
  ['macos', MAC, 0],
  ['ios', MAC, 5],
  ['ios', 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1', 5],
  ['linux', 'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0', 0],
  ['linux', 'Mozilla/5.0 (X11; OpenBSD amd64; rv:145.0) Gecko/20100101 Firefox/145.0', 0],
  ['android', 'Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 Chrome/142.0.0.0 Mobile Safari/537.36', 5],
  ['chromeos', 'Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 Chrome/142.0.0.0 Safari/537.36', 0],
  ['other', 'Mozilla/5.0 (PlayStation; PlayStation 5/9.00)', 0],
  ['other', '', 0],
] as const)('finds %s in "%s" with %i touch points', (system, userAgent, maxTouchPoints) => {
  expect(detectSystem({ userAgent, maxTouchPoints })).toBe(system)
})

it('offers links where files are awkward', () => {
  expect(SYSTEMS.filter(prefersLink)).toEqual(['android', 'ios', 'chromeos'])
})
