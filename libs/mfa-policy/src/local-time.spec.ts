import fc from 'fast-check'
import { expect, it } from 'vitest'

import { isLocalTime, isTimeZone, latestLocalTime, nextLocalTime } from './local-time.ts'

const ZONES = ['UTC', 'Europe/Berlin', 'America/Sao_Paulo', 'Asia/Kathmandu', 'Australia/Lord_Howe', 'Pacific/Apia']

it.each([
  ['00:00', true],
  ['23:59', true],
  ['24:00', false],
  ['12:60', false],
  ['7:00', false],
  ['07:00:00', false],
  ['07:00\n', false],
  ['٠٧:٠٠', false],
  ['', false],
])('takes %j for a local time: %s', (text, isOne) => {
  expect(isLocalTime(text)).toBe(isOne)
})

it.each([
  ['Europe/Berlin', true],
  ['UTC', true],
  ['Etc/GMT+5', true],
  ['America/Argentina/Buenos_Aires', true],
  ['Europe/Atlantis', false],
  ['+01:00', false],
  ['CET-1CEST', false],
  ['', false],
  ['A'.repeat(65), false],
])('takes %j for a time zone: %s', (name, isOne) => {
  expect(isTimeZone(name)).toBe(isOne)
})

it.each([
  // An ordinary day, the next one, and the very instant.
  ['Europe/Berlin', '04:00', '2026-01-15T02:59:59.999Z', '2026-01-15T03:00Z'],
  ['Europe/Berlin', '04:00', '2026-01-15T03:00Z', '2026-01-16T03:00Z'],
  ['Europe/Berlin', '04:00', '2026-07-15T03:00Z', '2026-07-16T02:00Z'],
  ['Asia/Kathmandu', '04:00', '2026-01-15T12:00Z', '2026-01-15T22:15Z'],
  ['America/Sao_Paulo', '04:00', '2026-01-15T12:00Z', '2026-01-16T07:00Z'],
  // Put forward from 02:00 to 03:00: 02:30 does not exist and is the leap.
  ['Europe/Berlin', '02:30', '2026-03-28T12:00Z', '2026-03-29T01:00Z'],
  ['Europe/Berlin', '02:00', '2026-03-28T12:00Z', '2026-03-29T01:00Z'],
  ['Europe/Berlin', '03:00', '2026-03-28T12:00Z', '2026-03-29T01:00Z'],
  ['Europe/Berlin', '02:30', '2026-03-29T01:00Z', '2026-03-30T00:30Z'],
  // Put back from 03:00 to 02:00: 02:30 comes twice, and the first counts.
  ['Europe/Berlin', '02:30', '2026-10-24T12:00Z', '2026-10-25T00:30Z'],
  ['Europe/Berlin', '02:30', '2026-10-25T00:30Z', '2026-10-26T01:30Z'],
  ['Europe/Berlin', '03:00', '2026-10-25T00:30Z', '2026-10-25T02:00Z'],
  // São Paulo put its clocks forward at midnight until 2018, and back from midnight to 23:00 the day before.
  ['America/Sao_Paulo', '00:30', '2018-11-03T12:00Z', '2018-11-04T03:00Z'],
  ['America/Sao_Paulo', '23:30', '2018-02-17T12:00Z', '2018-02-18T01:30Z'],
  ['America/Sao_Paulo', '23:30', '2018-02-18T01:30Z', '2018-02-19T02:30Z'],
  ['America/Sao_Paulo', '00:00', '2018-02-18T01:30Z', '2018-02-18T03:00Z'],
  // Lord Howe Island moves by half an hour: from 02:00 to 02:30, and back to 01:30.
  ['Australia/Lord_Howe', '02:15', '2026-10-03T12:00Z', '2026-10-03T15:30Z'],
  ['Australia/Lord_Howe', '02:30', '2026-10-03T12:00Z', '2026-10-03T15:30Z'],
  ['Australia/Lord_Howe', '01:45', '2026-04-04T12:00Z', '2026-04-04T14:45Z'],
  ['Australia/Lord_Howe', '01:45', '2026-04-04T14:45Z', '2026-04-05T15:15Z'],
  // St. John's put its clocks back one minute after midnight: 00:00 of the date had come already.
  ['America/St_Johns', '00:00', '2006-10-28T12:00Z', '2006-10-29T02:30Z'],
  ['America/St_Johns', '00:00', '2006-10-29T03:00Z', '2006-10-30T03:30Z'],
  // Samoa left out the 30th of December 2011: the leap over it is all that there was of it.
  ['Pacific/Apia', '04:00', '2011-12-29T20:00Z', '2011-12-30T10:00Z'],
  ['Pacific/Apia', '04:00', '2011-12-30T10:00Z', '2011-12-30T14:00Z'],
])('in %s %s comes after %s at %s', (zone, localTime, now, next) => {
  expect(new Date(nextLocalTime(Date.parse(now), localTime, zone)).toISOString()).toBe(new Date(next).toISOString())
})

it.each([
  ['Europe/Berlin', '04:00', '2026-01-15T02:59Z', '2026-01-14T03:00Z'],
  ['Europe/Berlin', '04:00', '2026-01-15T03:00Z', '2026-01-15T03:00Z'],
  ['Europe/Berlin', '02:30', '2026-03-29T01:00Z', '2026-03-29T01:00Z'],
  ['Europe/Berlin', '02:30', '2026-10-25T01:30Z', '2026-10-25T00:30Z'],
  ['America/St_Johns', '00:00', '2006-10-29T03:00Z', '2006-10-29T02:30Z'],
])('in %s %s was last before %s at %s', (zone, localTime, now, latest) => {
  expect(new Date(latestLocalTime(Date.parse(now), localTime, zone)).toISOString()).toBe(new Date(latest).toISOString())
})

const anyZone = fc.constantFrom(...ZONES)
const anyInstant = fc.integer({ min: Date.UTC(2000, 0), max: Date.UTC(2040, 0) })
const anyLocalTime = fc
  .tuple(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 }))
  .map((numbers) => numbers.map((number) => String(number).padStart(2, '0')).join(':'))

it('lies between the latest and the next time, which follow each other', () => {
  fc.assert(
    fc.property(anyZone, anyInstant, anyLocalTime, (zone, nowMs, localTime) => {
      const [latest, next] = [latestLocalTime(nowMs, localTime, zone), nextLocalTime(nowMs, localTime, zone)]
      expect(latest).toBeLessThanOrEqual(nowMs)
      expect(next).toBeGreaterThan(nowMs)
      expect(nextLocalTime(latest, localTime, zone)).toBe(next)
      expect(latestLocalTime(next, localTime, zone)).toBe(next)
      expect(latestLocalTime(next - 1, localTime, zone)).toBe(latest)
    }),
    { numRuns: 2000 },
  )
})

it('finds the first minute at which the clock shows the time, as a walk through the minutes does', () => {
  const minutes = new Intl.DateTimeFormat('en-GB', { timeZone: 'Australia/Lord_Howe', timeStyle: 'short' })
  fc.assert(
    fc.property(fc.constantFrom('2026-04-04', '2026-06-01', '2026-10-03'), anyLocalTime, (date, localTime) => {
      let instant = Date.parse(`${date}T00:00Z`)
      fc.pre(!(localTime >= '02:00' && localTime < '02:30'))
      const next = nextLocalTime(instant, localTime, 'Australia/Lord_Howe')
      do instant += 60_000
      while (minutes.format(instant) !== localTime)
      expect(next).toBe(instant)
    }),
  )
})

it('throws for texts that were never checked', () => {
  expect(() => nextLocalTime(0, '25:00', 'UTC')).toThrow(RangeError)
  expect(() => nextLocalTime(0, '04:00', 'Europe/Atlantis')).toThrow(RangeError)
  expect(() => latestLocalTime(0, '04:00', '+01:00')).toThrow(RangeError)
})

it('knows more zones than it keeps formatters of', () => {
  const zones = Intl.supportedValuesOf('timeZone')
  expect(zones.length).toBeGreaterThan(64)
  expect(zones.every(isTimeZone)).toBe(true)
  expect(zones.every((zone) => nextLocalTime(0, '12:00', zone) <= 86_400_000)).toBe(true)
})
