import { readdir } from 'node:fs/promises'

import { expect, it } from 'vitest'

import { CORPORA, readCorpus } from './corpus.ts'
import { tryInput } from './fuzzing.ts'
import { FUZZ_TARGETS } from './targets.ts'

it.each(FUZZ_TARGETS)('$name takes every input of its corpus', async (target) => {
  const corpus = await readCorpus(target.name)
  expect(corpus.length).toBeGreaterThan(0)
  const findings = [...target.seeds(), ...corpus].map((input) => tryInput(target, input))
  expect(findings.filter((finding) => finding !== undefined)).toEqual([])
})

it('has no corpus without a target', async () => {
  const names = FUZZ_TARGETS.map(({ name }) => name).sort()
  expect((await readdir(CORPORA)).sort()).toEqual(names)
})
