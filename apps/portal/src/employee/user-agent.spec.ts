import { expect, it } from 'vitest'

import { browserNameOf } from './user-agent.ts'

const CHROME =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36'

it.each([
  ['Chrome', 'windows', CHROME],
  ['Edge', 'windows', `${CHROME} Edg/142.0.0.0`],
  ['Opera', 'windows', `${CHROME} OPR/120.0.0.0`],
  ['Firefox', 'linux', 'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0'],
  [
    'Safari',
    'macos',
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/18.1 Safari/605.1.15',
  ],
  ['Chrome', 'ios', 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) CriOS/142.0 Mobile/15E148 Safari/604.1'],
  [undefined, undefined, 'sallyport-cli/0.1.0'],
  [undefined, undefined, ''],
] as const)('reads %s on %s from "%s"', (browser, system, userAgent) => {
  expect(browserNameOf(userAgent)).toEqual({ browser, system })
})
