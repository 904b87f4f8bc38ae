import { expect, it } from 'vitest'

import { EXAMPLE_FILE, invitationsFile } from './import-files.ts'

it('writes one line for each invitation, and keeps what could end a cell inside it', () => {
  const invitation = { url: 'https://vpn.example.com/link/a"b,c', expiresAt: '2026-01-22T12:00:00.000Z', mailed: true }
  expect(invitationsFile([{ username: 'ada', invitation }])).toBe(
    '"username","link","expires","mailed"\r\n' +
      '"ada","https://vpn.example.com/link/a""b,c","2026-01-22T12:00:00.000Z","yes"\r\n',
  )
  expect(invitationsFile([])).toBe('"username","link","expires","mailed"\r\n')
})

it('gives an example whose rows have the cells that its first line names', () => {
  const [header, ...rows] = EXAMPLE_FILE.trim().split('\r\n')
  expect(header).toContain('username')
  for (const row of rows) expect(row.split(',')).toHaveLength(5)
})
