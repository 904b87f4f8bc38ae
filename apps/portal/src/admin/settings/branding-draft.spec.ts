import { expect, it } from 'vitest'

import { brandingChangeIn, type BrandingDraft, brandingProblemsOf } from './branding-draft.ts'

const BEFORE: BrandingDraft = {
  displayName: 'Acme',
  accentColour: '#1f6f8b',
  supportText: '',
  supportUrl: 'mailto:help@example.com',
  logo: 'keep',
}

it('sends only what was changed, and takes away what was emptied', () => {
  expect(brandingChangeIn({ ...BEFORE, displayName: ' Acme ' }, BEFORE)).toEqual({})
  expect(brandingChangeIn({ ...BEFORE, accentColour: '', supportText: 'Call 123', logo: 'remove' }, BEFORE)).toEqual({
    accentColour: null,
    supportText: 'Call 123',
    logo: null,
  })
  expect(brandingChangeIn({ ...BEFORE, logo: { base64: 'AAAA' } }, BEFORE)).toEqual({ logo: 'AAAA' })
})

it.each([
  ['https://help.example.com/vpn', true],
  ['mailto:help@example.com', true],
  ['', true],
  ['http://help.example.com', false],
  ['javascript:alert(1)', false],
  ['https://me:secret@example.com', false],
  ['mailto:nobody', false],
  ['help', false],
])('says of the address %s whether people can be sent there', (supportUrl, isGood) => {
  expect(brandingProblemsOf({ ...BEFORE, supportUrl }).has('supportUrl')).toBe(!isGood)
})

it('wants a colour with six digits, or none', () => {
  const isBad = (accentColour: string) => brandingProblemsOf({ ...BEFORE, accentColour }).has('accentColour')
  expect(['#fff', 'red', '#12345g'].map(isBad)).toEqual([true, true, true])
  expect(['', '#ABCDEF'].map(isBad)).toEqual([false, false])
})
