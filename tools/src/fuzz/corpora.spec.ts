import { readdir } from 'node:fs/promises'

import { expect, it } from 'vitest'

import { CORPORA, readCorpus } from './corpus.ts'
import { tryInput } from './fuzzing.ts'
import { NATIVE_TARGETS } from './native-fuzzing.ts'
import { FUZZ_TARGETS } from './targets.ts'

it.each(FUZZ_TARGETS)('$name takes every input of its corpus', async (target) => {
  const corpus = await readCorpus(target.name)
  expect(corpus.length).toBeGreaterThan(0)
  const findings = [...target.seeds(), ...corpus].map((input) => tryInput(target, input))
  expect(findings.filter((finding) => finding !== undefined)).toEqual([])
})

// `make replay` runs them.
it.each(NATIVE_TARGETS)('%s has a corpus', async (name) => {
  expect((await readCorpus(name)).length).toBeGreaterThan(0)
})

it('has no corpus without a target', async () => {
  const names = [...FUZZ_TARGETS.map(({ name }) => name), ...NATIVE_TARGETS].sort()
  expect((await readdir(CORPORA)).sort()).toEqual(names)
})
