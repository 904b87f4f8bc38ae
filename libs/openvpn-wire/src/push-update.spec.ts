import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { serialiseControlMessage } from './control-message.ts'
import { assemblePushUpdate, parsePushUpdate, type PushUpdateItem } from './push-update.ts'

const item = (option: string): PushUpdateItem => ({ kind: option.split(' ')[0] ?? '', option, optional: false })

describe('writing', () => {
  it('refuses nothing to say, kinds that cannot change, and options of another kind or form', () => {
    expect(assemblePushUpdate([])).toBeUndefined()
    expect(assemblePushUpdate([{ kind: 'cipher', options: ['cipher AES-256-GCM'] }])).toBeUndefined()
    expect(assemblePushUpdate([{ kind: 'route', options: ['dns search-domains a'] }])).toBeUndefined()
    expect(assemblePushUpdate([{ kind: 'route', options: ['route 10.0.0.0,255.0.0.0'] }])).toBeUndefined()
  })

  it('gives every kind as its full list, and takes away those that are empty', () => {
    const changes = [
      { kind: 'route', options: ['route 10.0.0.0 255.0.0.0', 'route 10.1.0.0 255.255.0.0'] },
      { kind: 'block-ipv6', options: [] },
    ]
    expect(assemblePushUpdate(changes)).toEqual([
      'PUSH_UPDATE,route 10.0.0.0 255.0.0.0,route 10.1.0.0 255.255.0.0,-block-ipv6',
    ])
  })

  it('cuts a long list into messages that fit and say whether more follow', () => {
    const options = Array.from({ length: 90 }, (_, index) => `route 10.${String(index)}.0.0 255.255.0.0`)
    const messages = assemblePushUpdate([{ kind: 'route', options }]) ?? []
    expect(messages.length).toBeGreaterThan(2)
    for (const message of messages) expect(serialiseControlMessage(message).length).toBeLessThanOrEqual(1024)
    const parsed = messages.map((message) => parsePushUpdate(message))
    expect(parsed.map((part) => part?.moreFollow)).toEqual([...messages.slice(1).map(() => true), false])
    expect(parsed.flatMap((part) => part?.items ?? [])).toEqual(options.map(item))
  })
})

describe('reading', () => {
  it.each([
    'PUSH_UPDATE',
    'PUSH_UPDATE,',
    'PUSH_UPDATE ,route-metric 5',
    'PUSH_UPDATEerr',
    'PUSH_REPLY,route-metric 5',
  ])('refuses what is no update: %s', (message) => {
    expect(parsePushUpdate(message)).toBeUndefined()
  })

  it.each(['dev tun', '?-dns', '--dns', '-route 10.0.0.0 255.0.0.0', 'route-metric 5,,topology subnet'])(
    'refuses: %s',
    (items) => {
      expect(parsePushUpdate(`PUSH_UPDATE,${items}`)).toBeUndefined()
    },
  )

  it('takes signs, blanks after a comma, and skips what may be skipped', () => {
    expect(parsePushUpdate('PUSH_UPDATE,-?dns, route-metric 5,?dev tun,?topology subnet,-ifconfig')).toEqual({
      items: [
        { kind: 'dns', option: undefined, optional: true },
        item('route-metric 5'),
        { ...item('topology subnet'), optional: true },
        { kind: 'ifconfig', option: undefined, optional: false },
      ],
      moreFollow: false,
    })
  })

  it('goes by what the client can change', () => {
    const updatable = new Set(['route'])
    expect(parsePushUpdate('PUSH_UPDATE,dns search-domains a', updatable)).toBeUndefined()
    expect(parsePushUpdate('PUSH_UPDATE,?dns search-domains a', updatable)?.items).toEqual([])
  })

  it('never throws on any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        parsePushUpdate(`PUSH_UPDATE,${text}`)
      }),
    )
  })
})
