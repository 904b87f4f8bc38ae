import { createHash } from 'node:crypto'

import fc from 'fast-check'
import { expect, it } from 'vitest'

import { PAGE_HEADERS, sentencePage } from '../http/html-page.ts'
import { approvalPage, signInPage } from './connect-page.ts'

const WAITING = { path: '/connect/abc', tenantName: 'Acme', deviceName: 'Laptop', remoteAddress: '192.0.2.1' }

it('never writes markup that a name or a message could have brought', () => {
  const skeletonOf = (html: string): string[] => html.match(/<[^>]*>/g) ?? []
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      const waiting = { ...WAITING, tenantName: text, deviceName: text, remoteAddress: text }
      expect(skeletonOf(signInPage(waiting, text))).toEqual(skeletonOf(signInPage(WAITING, 'x')))
      expect(skeletonOf(approvalPage(waiting, text))).toEqual(skeletonOf(approvalPage(WAITING, 'x')))
      expect(skeletonOf(sentencePage(text, text))).toEqual(skeletonOf(sentencePage('x', 'x')))
    }),
  )
})

it('allows its own style by its hash and nothing else', () => {
  const style = /<style>([^<]*)<\/style>/.exec(signInPage(WAITING))?.[1] ?? ''
  const hash = createHash('sha256').update(style).digest('base64')
  expect(PAGE_HEADERS['content-security-policy']).toContain(`style-src 'sha256-${hash}'`)
  expect(PAGE_HEADERS['content-security-policy']).toMatch(/^default-src 'none';/)
})

it('names its language and gives every field a label', () => {
  const html = signInPage(WAITING)
  expect(html).toContain('<html lang="en">')
  const fields = [...html.matchAll(/<input id="([a-z]+)"/g)].map(([, id]) => id)
  expect(fields).toEqual(['username', 'password', 'otp'])
  for (const id of fields) expect(html).toContain(`<label for="${String(id)}">`)
})
