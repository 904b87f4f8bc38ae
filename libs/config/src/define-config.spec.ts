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

it('takes a value that a command prints, without a shell and without its arguments in an error', () => {
  const read = (KEY_COMMAND: string) => readConfig('test-service', schema, { LISTEN: ':1', KEY_COMMAND }, ['KEY'])
  expect(read(`printf '%s\n' "$HOME and spaces"`).KEY.reveal()).toBe('$HOME and spaces')
  expect(() => read('/no/such/program hunter2')).toThrow(/KEY_COMMAND: \/no\/such\/program is not there$/)
  expect(() => read(`sh -c "echo hunter2 >&2; exit 3"`)).toThrow(/KEY_COMMAND: sh ended with status 3; run it by hand/)
  expect(() => read(`sh -c "echo hunter2 >&2; exit 3"`)).not.toThrow(/hunter2/)
  expect(() => read('true')).toThrow(/KEY_COMMAND: true printed nothing/)
  expect(() => read(' ')).toThrow(/KEY_COMMAND: names no program/)
})

it('takes a value that a command may print from one source only', () => {
  const both = { LISTEN: ':1', KEY: 'long enough', KEY_COMMAND: 'echo long enough' }
  const read = () => readConfig('test-service', schema, both, ['KEY'])
  expect(read).toThrow(/KEY and KEY_COMMAND are set: give exactly one of KEY, KEY_FILE, KEY_COMMAND$/)
  const unused = readConfig('test-service', schema, both)
  expect(unused.KEY.reveal()).toBe('long enough')
})

it('freezes what it returns', () => {
  expect(Object.isFrozen(readConfig('test-service', schema, { LISTEN: ':1', KEY: 'long enough' }))).toBe(true)
})
