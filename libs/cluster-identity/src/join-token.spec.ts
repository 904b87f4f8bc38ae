import { X509Certificate } from 'node:crypto'

import { expect, it } from 'vitest'

import { createJoinToken, parseJoinToken } from './join-token.ts'
import { throwawayCluster } from './testing/throwaway-cluster.ts'

it('does not take for a join token what is not exactly one', async () => {
  const { text } = createJoinToken((await throwawayCluster()).caPem)
  for (const wrong of [
    '',
    'sp1..',
    text.slice(0, -1),
    `${text}0`,
    ` ${text}`,
    text.replace('sp1', 'sp2'),
    text.toUpperCase(),
  ]) {
    expect(parseJoinToken(wrong)).toBeUndefined()
  }
})

it('carries a fresh secret of 256 bits and the SHA-256 of the CA', async () => {
  const { caPem } = await throwawayCluster()
  const token = createJoinToken(caPem)
  expect(token.clusterCaSha256).toBe(new X509Certificate(caPem).fingerprint256.replaceAll(':', '').toLowerCase())
  expect(parseJoinToken(token.text)).toEqual({
    secretSha256: token.secretSha256,
    clusterCaSha256: token.clusterCaSha256,
  })
  expect(createJoinToken(caPem).secretSha256).not.toBe(token.secretSha256)
})
