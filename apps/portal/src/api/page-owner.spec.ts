import { afterEach, expect, it } from 'vitest'

import { forgetPageOwner, markPageOwner, notePageOwner } from './page-owner.ts'

afterEach(forgetPageOwner)

function named(): string | null {
  const request = new Request('https://vpn.example.com/api/v1/me')
  markPageOwner(request)
  return request.headers.get('sallyport-user')
}

it('says whose page asks from when that is known until somebody signs in in it', () => {
  expect(named()).toBeNull()
  notePageOwner('ada')
  expect(named()).toBe('ada')
  forgetPageOwner()
  expect(named()).toBeNull()
  notePageOwner('grace')
  expect(named()).toBe('grace')
})
