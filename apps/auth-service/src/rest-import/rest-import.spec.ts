import { expect, it } from 'vitest'

import { parseAccountName } from './account-name.ts'
import { parseBasicCredentials } from './basic-credentials.ts'
import { challengeOf, restErrorXml } from './rest-error.ts'

const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`

it.each([
  ['acme/alice', { tenant: 'acme', username: 'alice' }],
  ['acme/alice@example.com', { tenant: 'acme', username: 'alice@example.com' }],
  ['Alice@Acme ', { tenant: 'acme', username: 'alice' }],
  ['alice@example.com@acme', { tenant: 'acme', username: 'alice@example.com' }],
  ['alice', undefined],
  ['/alice', undefined],
  ['acme/', undefined],
  ['@acme', undefined],
  ['alice@', undefined],
  ['', undefined],
])('reads %j as the name of an account', (text, account) => {
  expect(parseAccountName(text)).toEqual(account)
})

it('reads a password with colons, and an answer in its place', () => {
  expect(parseBasicCredentials(basic('acme/alice:a:b:ü'))).toEqual({
    kind: 'password',
    name: 'acme/alice',
    password: 'a:b:ü',
  })
  expect(parseBasicCredentials(basic('acme/alice:CRV1::aBc-_9::123456'))).toEqual({
    kind: 'answer',
    name: 'acme/alice',
    challenge: 'aBc-_9',
    response: '123456',
  })
})

it.each([undefined, '', 'Basic', 'Bearer abc', 'Basic !!!', basic('no colon'), basic(':password')])(
  'finds no credentials in %j',
  (header) => {
    expect(parseBasicCredentials(header)).toBeUndefined()
  },
)

it('writes refusals as the client reads them, whatever is in their text', () => {
  const xml = restErrorXml(challengeOf('state', 'acme/alice', 'Code <1> & more'))
  expect(xml).toContain('<Type>Authorization Required</Type>\n<Synopsis>REST method failed</Synopsis>\n')
  expect(xml).toContain('<Message>CRV1:R,E:state:YWNtZS9hbGljZQ==:Code &lt;1&gt; &amp; more (9007)</Message>')
})
