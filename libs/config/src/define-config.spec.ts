import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, it } from 'vitest'
import { z } from 'zod'

import { ConfigError, listenAddress, readConfig, secretText } from './define-config.ts'

const schema = z.object({
  LISTEN: listenAddress,
  KEY: secretText(8).describe('give the master key'),
  LEVEL: z.enum(['info', 'debug']).default('info'),
})

it('names every bad and missing variable at once, and what is wanted', () => {
  const read = () => readConfig('test-service', schema, { LISTEN: 'nowhere' })
  expect(read).toThrow(ConfigError)
  expect(read).toThrow(/LISTEN: "nowhere" is not HOST:PORT[^]*KEY is not set: give the master key/)
})

it('does not print a secret that is too short', () => {
  expect(() => readConfig('test-service', schema, { LISTEN: ':1', KEY: 'hunter2' })).not.toThrow(/hunter2/)
})

it('takes NAME_FILE before NAME, trimmed', () => {
  const folder = mkdtempSync(join(tmpdir(), 'config-'))
  try {
    writeFileSync(join(folder, 'key'), 'from-the-file\n')
    const config = readConfig('test-service', schema, { LISTEN: '[::1]:80', KEY: 'x', KEY_FILE: join(folder, 'key') })
    expect(config.KEY.reveal()).toBe('from-the-file')
    expect(config.LISTEN).toEqual({ host: '::1', port: 80 })
    expect(config.LEVEL).toBe('info')
  } finally {
    rmSync(folder, { recursive: true })
  }
})

it('says which file could not be read', () => {
  expect(() => readConfig('test-service', schema, { LISTEN: ':1', KEY_FILE: '/no/such/file' })).toThrow(
    /KEY_FILE: ENOENT/,
  )
})

it('freezes what it returns', () => {
  expect(Object.isFrozen(readConfig('test-service', schema, { LISTEN: ':1', KEY: 'long enough' }))).toBe(true)
})
