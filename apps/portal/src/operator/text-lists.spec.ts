import { expect, it } from 'vitest'

import { entriesOf } from './text-lists.ts'

it('reads entries between lines, commas and blanks, and nothing from an empty field', () => {
  expect(entriesOf(' 10.0.0.0/8\n192.168.0.0/16, fd00::/8 ;;')).toEqual(['10.0.0.0/8', '192.168.0.0/16', 'fd00::/8'])
  expect(entriesOf(' \n ')).toEqual([])
})
