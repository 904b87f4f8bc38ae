import { expect, it } from 'vitest'

import { changeBranding } from './branding.schemas.ts'

it('takes what helps people, and null to take it away', () => {
  const change = {
    displayName: 'Example Works',
    accentColour: null,
    supportText: 'Call 1234, every day from 8 to 18 h.',
    supportUrl: 'mailto:help@example.com?subject=VPN',
  }
  expect(changeBranding.parse(change)).toEqual(change)
  expect(changeBranding.parse({ supportUrl: 'https://help.example.com/vpn' })).toEqual({
    supportUrl: 'https://help.example.com/vpn',
  })
  expect(changeBranding.parse({})).toEqual({})
})

it.each([
  'javascript:alert(1)',
  'http://help.example.com/',
  'data:text/html,x',
  'mailto:',
  'mailto:nobody',
  '//help.example.com',
  'https://user:secret@help.example.com/',
  `https://help.example.com/${'x'.repeat(500)}`,
  '',
])('refuses the address %s', (supportUrl) => {
  expect(changeBranding.safeParse({ supportUrl }).success).toBe(false)
})

it.each([
  ['displayName', '<b>Example</b>'],
  ['displayName', ''],
  ['displayName', 'x'.repeat(65)],
  ['supportText', 'x'.repeat(301)],
  ['supportText', ' '],
  ['supportText', 'two\nlines'],
  ['supportText', 'turned \u202e round'],
  ['logo', 'https://example.com/logo.png'],
  ['logoUrl', '/logo.png'],
])('refuses %s: %j', (field, value) => {
  expect(changeBranding.safeParse({ [field]: value }).success).toBe(false)
})
