import { expect, it } from 'vitest'

import { countTests } from './test-report.ts'

const report = (status: string, ...tests: string[]): unknown => ({
  testResults: [{ status, assertionResults: tests.map((test) => ({ status: test })) }],
})

it('counts a skipped test as failed', () => {
  expect(countTests(report('passed', 'passed', 'skipped', 'pending', 'todo'))).toEqual({ passed: 1, failed: 3 })
})

it('counts a file that could not be loaded as one failed test', () => {
  expect(countTests(report('failed'))).toEqual({ passed: 0, failed: 1 })
})

it('counts a failed test once, not again for its file', () => {
  expect(countTests(report('failed', 'passed', 'failed'))).toEqual({ passed: 1, failed: 1 })
})

it('counts nothing in something that is no report', () => {
  expect(countTests(undefined)).toEqual({ passed: 0, failed: 0 })
})
