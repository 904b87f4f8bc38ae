import { availableParallelism } from 'node:os'

import { defineConfig } from 'vitest/config'

import { mutationPlugin } from './test/mutations/plugin.mjs'

const conditions = ['@sallyport/source']
const resolve = { conditions }
/** `npm run mutations` takes one check out of the code and sees its test fail. */
const mutation = process.env.SALLYPORT_MUTATION
const plugins = mutation === undefined ? [] : [mutationPlugin(mutation)]
/** They wait for timers most of the time, so that `npm test` runs them beside what computes. */
const PATIENT = [
  'test/src/interop/outage.spec.ts',
  'test/src/interop/session-end.spec.ts',
  'test/src/interop/session-token.spec.ts',
]
/** They flood or load a node, so that nothing else may run at the time. */
const ALONE = ['hostile', 'load', 'network-terms'].map((name) => `test/src/interop/${name}.spec.ts`)
/** By itself Vitest leaves a processor free, which of two is half. */
const maxWorkers = availableParallelism()
const interop = { environment: 'node', fileParallelism: false, testTimeout: 240_000, hookTimeout: 240_000 } as const
const ssr = { resolve: { conditions, externalConditions: conditions } }

export default defineConfig({
  test: {
    projects: [
      {
        plugins,
        resolve,
        ssr,
        test: {
          name: 'unit',
          environment: 'node',
          maxWorkers,
          // Against what hangs: some compute for seconds, and the machine is busy with other suites.
          testTimeout: 30_000,
          hookTimeout: 30_000,
          include: [
            'libs/*/src/**/*.spec.ts',
            'apps/*/src/**/*.spec.ts',
            'tools/src/**/*.spec.ts',
            'test/boundaries/*.spec.ts',
          ],
        },
      },
      {
        resolve,
        ssr,
        test: {
          name: 'integration',
          environment: 'node',
          maxWorkers,
          include: ['test/src/integration/**/*.spec.ts'],
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        resolve,
        ssr,
        test: {
          ...interop,
          name: 'interop',
          include: ['test/src/interop/**/*.spec.ts'],
          // No distribution has the client of core3.spec.ts; a skipped test would count as failed.
          exclude: [
            ...PATIENT,
            ...ALONE,
            ...(process.env.OPENVPN3_CLIENT === undefined ? ['test/src/interop/core3.spec.ts'] : []),
          ],
        },
      },
      { resolve, ssr, test: { ...interop, name: 'interop-patient', include: PATIENT } },
      { resolve, ssr, test: { ...interop, name: 'interop-alone', include: ALONE } },
      { resolve, ssr, test: { ...interop, name: 'browser', include: ['test/src/browser/**/*.spec.ts'] } },
    ],
  },
})
