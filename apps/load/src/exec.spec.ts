import { expect, it } from 'vitest'

import { execEnvironment, runExec } from './exec.ts'

const SCENE = { interfaceName: 'load0', addresses: ['10.0.0.1', '10.0.0.2'], addressesFile: 'addresses' }

it('tells the command whom it can be', async () => {
  const check =
    '[ "$LOAD_ADDRESSES" = "10.0.0.1 10.0.0.2" ] && [ "$LOAD_CONNECTED $LOAD_INTERFACE" = "2 load0" ] && exit 3'
  expect(await runExec(check, SCENE, new AbortController().signal)).toMatchObject({ exitCode: 3 })
})

it('bounds what stands in the environment', () => {
  const addresses = Array.from({ length: 5_000 }, (_, index) => `10.0.${String(index >> 8)}.${String(index & 255)}`)
  const environment = execEnvironment({ ...SCENE, addresses })
  expect(environment['LOAD_ADDRESSES']?.split(' ')).toHaveLength(1_000)
  expect(environment['LOAD_CONNECTED']).toBe('5000')
})

it('ends the command and what it started when it is told to', async () => {
  const controller = new AbortController()
  const result = runExec('sleep 60 & wait', SCENE, controller.signal)
  setTimeout(() => {
    controller.abort()
  }, 200)
  expect(await result).toMatchObject({ exitCode: null })
  expect((await result).seconds).toBeLessThan(10)
})
