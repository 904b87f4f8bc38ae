import { expect, it } from 'vitest'

import { vpnChangeIn, type VpnDraft, vpnDraftOf, vpnProblemsOf } from './vpn-draft.ts'

const BEFORE: VpnDraft = {
  pingSeconds: '10',
  pingRestartSeconds: '60',
  renegotiateSeconds: '3600',
  keyLimitBytes: '',
  keyLimitPackets: '4294967296',
  webSignIn: true,
}
const problemsOf = (draft: Partial<VpnDraft>) => [...vpnProblemsOf({ ...BEFORE, ...draft }, BEFORE)]

it('sends only what was changed, bytes as bytes and an empty limit as none', () => {
  expect(vpnChangeIn(BEFORE, BEFORE)).toEqual({})
  const draft = { ...BEFORE, keyLimitBytes: '1.5', keyLimitPackets: '', webSignIn: false }
  expect(vpnChangeIn(draft, BEFORE)).toEqual({ keyLimitBytes: 1_610_612_736, keyLimitPackets: null, webSignIn: false })
})

it.each([
  [{ pingSeconds: '4' }, [['pingSeconds', 'range']]],
  [{ pingSeconds: '' }, [['pingSeconds', 'range']]],
  [{ pingSeconds: '7.5' }, [['pingSeconds', 'range']]],
  [{ pingSeconds: '60' }, [['pingRestartSeconds', 'restart-not-longer']]],
  [{ renegotiateSeconds: '599' }, [['renegotiateSeconds', 'range']]],
  [{ keyLimitBytes: '0.5' }, [['keyLimitBytes', 'range']]],
  [{ keyLimitBytes: 'x' }, [['keyLimitBytes', 'range']]],
  [{ keyLimitPackets: '1000' }, [['keyLimitPackets', 'range']]],
  [{ keyLimitBytes: '1.5', keyLimitPackets: '' }, []],
] as const)('finds in %o the problems %o', (draft, problems) => {
  expect(problemsOf(draft)).toEqual(problems)
})

it('does not complain of what the operator set beyond these bounds', () => {
  const before = { ...BEFORE, renegotiateSeconds: '10' }
  expect(vpnProblemsOf({ ...before, webSignIn: false }, before).size).toBe(0)
})

it('writes bytes in GiB', () => {
  const branding = {
    displayName: null,
    accentColour: null,
    accentTextColour: null,
    logoUrl: null,
    supportText: null,
    supportUrl: null,
  }
  const settings = { pingSeconds: 10, pingRestartSeconds: 60, renegotiateSeconds: 3600, legacyClients: 'off' } as const
  const limits = { keyLimitBytes: 64 * 2 ** 30, keyLimitPackets: null, webSignIn: true }
  expect(vpnDraftOf({ ...settings, ...limits, branding })).toMatchObject({ keyLimitBytes: '64', keyLimitPackets: '' })
})
