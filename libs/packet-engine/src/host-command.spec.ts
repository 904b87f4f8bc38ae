import { expect, it } from 'vitest'

import { HostCommandError, inNamespace, runHostCommand } from './host-command.ts'

it('gives what the command prints, and the command what it reads', async () => {
  expect(await runHostCommand(['cat'], 'a line\n')).toBe('a line\n')
  expect(await runHostCommand(['true'], 'never read\n'.repeat(10_000))).toBe('')
})

it('shows commands nothing of the environment but where programs are', async () => {
  const variables = (await runHostCommand(['env'])).split('\n').map((line) => line.split('=')[0])
  expect(variables.filter((name) => name !== '').sort()).toEqual(['LC_ALL', 'PATH'])
})

it('says which command failed, and why', async () => {
  const failed = runHostCommand(['ls', '/there/is/none'])
  await expect(failed).rejects.toThrow(HostCommandError)
  await expect(failed).rejects.toMatchObject({
    code: 'host-command-failed',
    message: expect.stringMatching(/^ls \/there\/is\/none: .*No such file/) as string,
  })
  await expect(runHostCommand(['false'])).rejects.toThrow('false: exit code 1')
  await expect(runHostCommand(['no-such-program'])).rejects.toThrow(/^no-such-program: cannot be run .*install it$/)
})

it('runs a command in another namespace by ip', () => {
  expect(inNamespace('red', ['nft', '-f', '-'])).toEqual(['ip', 'netns', 'exec', 'red', 'nft', '-f', '-'])
  expect(inNamespace(undefined, ['nft'])).toEqual(['nft'])
})
