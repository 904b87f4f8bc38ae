/** Tests of one run; a skipped test counts as failed, because it showed nothing. */
export interface TestCount {
  readonly passed: number
  readonly failed: number
}

/** Counts the tests of Vitest's JSON report. A file that could not be loaded counts as one failed test. */
export function countTests(report: unknown): TestCount {
  const files = listField(report, 'testResults')
  let passed = 0
  let failed = 0
  for (const file of files) {
    const tests = listField(file, 'assertionResults')
    const good = tests.filter((test) => field(test, 'status') === 'passed').length
    passed += good
    failed += tests.length - good
    if (field(file, 'status') === 'failed' && tests.length === good) failed += 1
  }
  return { passed, failed }
}

function listField(value: unknown, name: string): readonly unknown[] {
  const list = field(value, name)
  return Array.isArray(list) ? list : []
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null
    ? new Map<string, unknown>(Object.entries(value)).get(name)
    : undefined
}
