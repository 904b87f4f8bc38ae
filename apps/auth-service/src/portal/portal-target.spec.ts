import fc from 'fast-check'
import { expect, it } from 'vitest'

import { portalTargetOf } from './portal-target.ts'

const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'

it.each(['/', '/?next=1', '/sign-in', '/connect/abc', `/link/${'a'.repeat(22)}.${'b'.repeat(43)}`, '/devices/1', '//'])(
  'gives the page for %s',
  (url) => {
    for (const accept of [BROWSER, '*/*', undefined, 'text/html;q=0.5'])
      expect(portalTargetOf(url, accept)).toEqual({ kind: 'page' })
  },
)

it('gives no page to who asks for something else', () => {
  for (const accept of ['application/json', 'image/avif,image/webp', 'text/event-stream', 'text/htmlx'])
    expect(portalTargetOf('/devices', accept)).toBeUndefined()
})

it.each([
  '/api',
  '/api/',
  '/api/v1/users',
  '/api?x=1',
  '/crl/acme/x.crl',
  '/rest/GetUserlogin',
  '/health/ready',
  '/assets',
])('leaves %s to others', (url) => {
  expect(portalTargetOf(url, BROWSER)).toBeUndefined()
})

it('knows assets from other files', () => {
  expect(portalTargetOf('/assets/main-Bx_3-1.js?v=1', '*/*')).toEqual({ kind: 'asset', path: 'assets/main-Bx_3-1.js' })
  expect(portalTargetOf('/icon.svg', 'image/*')).toEqual({ kind: 'file', path: 'icon.svg' })
  expect(portalTargetOf('/index.html', BROWSER)).toEqual({ kind: 'page' })
})

it.each([
  '/assets/../package.json',
  '/assets/..%2fpackage.json',
  '/assets/%2e%2e/package.json',
  '/assets/..\\package.json',
  '/assets/.env',
  '/assets/a/../../b.js',
  '/assets/a%00.js',
  '/assets//etc/passwd',
  '/assets/main.js/',
])('gives no file for %s', (url) => {
  expect(portalTargetOf(url, BROWSER)).toBeUndefined()
})

it('names no file outside of the build, whatever is asked for', () => {
  fc.assert(
    fc.property(fc.string(), fc.constantFrom('/', '/assets/'), (rest, start) => {
      const target = portalTargetOf(start + rest, BROWSER)
      if (target === undefined || target.kind === 'page') return
      expect(target.path).toMatch(/^(?:assets\/)?[\w-][\w.-]*$/)
      expect(target.path).not.toContain('..')
    }),
  )
})
