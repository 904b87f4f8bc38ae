import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

import { createLogger } from '@sallyport/telemetry'
import { countryFile } from '@sallyport/testkit'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { Geoip, GeoipFileError } from './geoip.ts'

const LOOK_EVERY_MS = 20
const log = createLogger('test', 'silent')
const COUNTRIES = {
  '198.51.100.0/24': 'DE',
  '198.51.100.128/25': 'FR',
  '203.0.113.7/32': 'JP',
  '2001:db8::/32': 'NL',
  '2001:db8:1::/48': 'BE',
}

let directory: string

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sallyport-geoip-'))
})

afterAll(() => rm(directory, { recursive: true, force: true }))

let files = 0

async function fileOf(content: Uint8Array): Promise<string> {
  files += 1
  const path = join(directory, `${String(files)}.mmdb`)
  await writeFile(path, content)
  return path
}

it('knows no country without a file', async () => {
  const geoip = await Geoip.open(undefined, log)
  expect(geoip.isConfigured).toBe(false)
  expect(geoip.countryOf('198.51.100.1')).toBeNull()
})

it.each([
  ['198.51.100.0', 'DE'],
  ['198.51.100.127', 'DE'],
  ['198.51.100.128', 'FR'],
  ['198.51.100.255', 'FR'],
  ['203.0.113.7', 'JP'],
  ['2001:db8::1', 'NL'],
  ['2001:db8:1:ffff::', 'BE'],
  ['2001:db8:2::', 'NL'],
  ['::ffff:198.51.100.1', 'DE'],
  ['203.0.113.6', null],
  ['203.0.113.8', null],
  ['198.51.101.0', null],
  ['2001:db9::', null],
  ['::1', null],
  ['', null],
  ['no address', null],
  ['198.51.100.1:443', null],
])('finds %j in %j', async (address, country) => {
  const geoip = await Geoip.open(await fileOf(countryFile(COUNTRIES)), log)
  expect(geoip.isConfigured).toBe(true)
  expect(geoip.countryOf(address)).toBe(country)
})

const sound = countryFile(COUNTRIES)

it.each([
  ['nothing', Buffer.alloc(0)],
  ['text', Buffer.from('not a database')],
  ['a half file', sound.subarray(0, sound.length / 2)],
  ['a file that was not unpacked', gzipSync(sound)],
  ['a file without what follows the marker', sound.subarray(0, sound.indexOf('MaxMind.com') + 'MaxMind.com'.length)],
  [
    'a file of another purpose',
    Buffer.from(sound.toString('latin1').replace('Test-Country', 'GeoLite2-ASN'), 'latin1'),
  ],
])('refuses %s, and says what to do', async (_what, content) => {
  const path = await fileOf(content)
  const opening = Geoip.open(path, log)
  await expect(opening).rejects.toBeInstanceOf(GeoipFileError)
  await expect(opening).rejects.toThrow(`GEOIP_FILE: ${path} is no country database`)
  await expect(opening).rejects.toThrow('leave GEOIP_FILE out')
})

it('refuses a file that is not there, and says so', async () => {
  await expect(Geoip.open(join(directory, 'missing.mmdb'), log)).rejects.toThrow(
    /missing\.mmdb.*ENOENT.*leave GEOIP_FILE out/,
  )
})

it('reads a file anew when it is replaced', async () => {
  const path = await fileOf(sound)
  const geoip = await Geoip.open(path, log, LOOK_EVERY_MS)
  expect(geoip.countryOf('198.51.100.1')).toBe('DE')
  await rename(await fileOf(countryFile({ '198.51.100.0/24': 'ES' })), path)
  await expect.poll(() => geoip.countryOf('198.51.100.1')).toBe('ES')
})

it('goes on with what it knows when the file is replaced by rubbish or removed', async () => {
  const path = await fileOf(sound)
  const warnings: unknown[] = []
  const listening = Object.assign(createLogger('test', 'silent'), { warn: (fields: unknown) => warnings.push(fields) })
  const geoip = await Geoip.open(path, listening, LOOK_EVERY_MS)
  await rename(await fileOf(Buffer.from('rubbish of another size')), path)
  await expect.poll(() => warnings.length).toBe(1)
  expect(geoip.countryOf('198.51.100.200')).toBe('FR')
  await rm(path)
  await expect.poll(() => warnings.length).toBe(2)
  expect(geoip.countryOf('2001:db8::1')).toBe('NL')
  await rename(await fileOf(countryFile({ '198.51.100.0/24': 'ES' })), path)
  await expect.poll(() => geoip.countryOf('198.51.100.200')).toBe('ES')
})
