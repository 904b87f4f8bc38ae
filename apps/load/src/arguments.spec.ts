import { expect, it } from 'vitest'

import { readArguments, type RunOptions } from './arguments.ts'

function run(...argv: string[]): RunOptions {
  const command = readArguments(['--profiles', 'p', ...argv])
  if (command.type !== 'run') throw new TypeError(command.type)
  return command.options
}

it.each([
  [['--rate', '0'], /--rate is a number from 0\.01 to 10000, not "0"/],
  [['--rate', 'fast'], /--rate/],
  [['--rate=-1'], /--rate/],
  [['--clients', '1.5'], /--clients is a whole number/],
  [['--clients', '0'], /--clients/],
  [['--hold', '1e3'], /--hold/],
  [['--mix', 'nonsense'], /--mix "nonsense"/],
  [['--mix', 'ping'], /--target/],
  [['--target', 'here'], /--target is HOST:PORT/],
  [['--remote', '1.2.3.4:70000'], /--remote/],
  [['--remote', '[1.2.3.4]:1194'], /--remote/],
  [['--interface', 'a name'], /--interface/],
  [['--local', '127.0.0.1,host'], /"host" is none/],
  [['--family', '1.0'], /--family is one of 2\.4, 2\.5/],
  [['--payload', '8'], /--payload/],
  [['--nonsense'], /nonsense/],
  [['nonsense'], /not a command/],
  [['serve', '--listen', '127.0.0.1:1'], /--profiles does not belong/],
  [['--listen', '127.0.0.1:1'], /belongs to `serve`/],
])('refuses %j and shows the usage', (argv, message) => {
  expect(() => run(...argv)).toThrow(expect.objectContaining({ code: 'usage' }))
  expect(() => run(...argv)).toThrow(message)
  expect(() => run(...argv)).toThrow(/usage: npm run load/)
})

it('needs profiles', () => {
  expect(() => readArguments([])).toThrow(/--profiles is missing/)
})

it('has a default for everything else', () => {
  expect(run()).toMatchObject({
    clients: undefined,
    ratePerSecond: 100,
    connectTimeoutSeconds: 60,
    holdSeconds: 10,
    family: '2.6',
    interfaceName: 'load0',
    mix: [{ kind: 'idle', weight: 1 }],
    localAddresses: [],
  })
})

it('reads what is given', () => {
  expect(
    run('--clients', '10', '--rate', '2.5', '--mix', 'idle:9,ping', '--target', '[::1]:7', '--local', '127.0.0.1,::1'),
  ).toMatchObject({
    clients: 10,
    ratePerSecond: 2.5,
    target: { host: '::1', port: 7 },
    localAddresses: ['127.0.0.1', '::1'],
  })
  expect(readArguments(['serve', '--listen', 'localhost:9000'])).toEqual({
    type: 'serve',
    listen: { host: 'localhost', port: 9000 },
  })
  expect(readArguments(['--help'])).toEqual({ type: 'help' })
})
