import { Secret } from '@sallyport/foundation'
import { expect, it } from 'vitest'

import { transportOptionsOf } from './smtp-url.ts'

const read = (url: string) => transportOptionsOf(new Secret(url))

it('speaks TLS from the first byte with smtps, and demands STARTTLS with smtp', () => {
  expect(read('smtps://mail.example.com')).toMatchObject({ port: 465, secure: true, requireTLS: false })
  expect(read('smtp://mail.example.com')).toMatchObject({ port: 587, secure: false, requireTLS: true })
  expect(read('smtp://[2001:db8::1]:25')).toMatchObject({ host: '2001:db8::1', port: 25, requireTLS: true })
})

it.each(['smtp://127.0.0.1:2525', 'smtp://localhost:2525', 'smtp://[::1]:2525'])(
  'lets a server on the same machine do without TLS: %s',
  (url) => {
    expect(read(url)).toMatchObject({ port: 2525, requireTLS: false })
  },
)

it('reads a user and password with signs in them, and has none without', () => {
  expect(read('smtp://us%40er:p%3Ass@mail.example.com').auth).toEqual({ user: 'us@er', pass: 'p:ss' })
  expect(read('smtp://mail.example.com').auth).toBeUndefined()
})

it.each([
  'http://mail.example.com',
  'smtp://mail.example.com/x',
  'smtp://h?tls.rejectUnauthorized=false',
  'smtp://',
  'x',
])('refuses %s', (url) => {
  expect(() => read(url)).toThrow()
})
