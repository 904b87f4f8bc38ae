import { expect, it } from 'vitest'

import { refuseForeignOrigin } from './same-origin.ts'

const PUBLIC_URL = 'https://vpn.example.com/portal/'
const OURS = 'https://vpn.example.com'

it.each([
  { origin: 'https://evil.example' },
  { origin: 'null' },
  { origin: 'http://vpn.example.com' },
  { origin: 'https://vpn.example.com:444' },
  { origin: `${OURS}.evil.example` },
  { 'sec-fetch-site': 'cross-site' },
  { 'sec-fetch-site': 'same-site' },
  { origin: OURS, 'sec-fetch-site': 'cross-site' },
])('refuses %o', (headers) => {
  expect(() => {
    refuseForeignOrigin(headers, PUBLIC_URL)
  }).toThrow(expect.objectContaining({ status: 403, code: 'foreign-origin' }))
})

it.each([{ origin: OURS }, { origin: OURS, 'sec-fetch-site': 'same-origin' }, { 'sec-fetch-site': 'none' }, {}])(
  'takes %o',
  (headers) => {
    expect(() => {
      refuseForeignOrigin(headers, PUBLIC_URL)
    }).not.toThrow()
  },
)
