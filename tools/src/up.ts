import { once } from 'node:events'
import { dirname, join, relative } from 'node:path'

import { SallyportError } from '@sallyport/foundation'
import { requirePostgres, requireRedis, type RunningStack, SERVICE_NAMES, startStack } from '@sallyport/local-services'

import { CHECKOUT, interruption, progressPrinter, runCommand } from './command.ts'
import { ensureFirstTenant, FIRST_ADMINISTRATOR, FIRST_TENANT } from './first-tenant.ts'
import { upSettings } from './settings.ts'

/** A service ended while nobody asked it to. */
class ServiceEndedError extends SallyportError {}

await runCommand(async () => {
  const signal = interruption()
  const progress = progressPrinter()
  const settings = upSettings(process.env, CHECKOUT)
  try {
    const { databaseUrl, redisUrl } = settings.stack
    if (databaseUrl !== undefined) await requirePostgres(databaseUrl)
    if (redisUrl !== undefined) await requireRedis(redisUrl)
    await using stack = await startStack({ ...settings.stack, progress, signal })
    progress(`looking for the tenant "${FIRST_TENANT}"`)
    const secrets = join(dirname(stack.logDirectory), 'secrets')
    const password = await ensureFirstTenant(stack.platform, secrets, settings.routes)
    process.stdout.write(instructions(stack, password))
    await Promise.race([signal.aborted ? undefined : once(signal, 'abort'), unexpectedEnd(stack)])
    progress('stopping')
  } catch (error) {
    if (!signal.aborted) throw error
  }
  progress('stopped')
})

function instructions(stack: RunningStack, oneTimePassword: string | undefined): string {
  const data = dirname(stack.logDirectory)
  const folder = data.startsWith(process.cwd()) ? relative(process.cwd(), data) : data
  const enrol = `npm run enrol -- --server ${stack.publicUrl} --tenant ${FIRST_TENANT} --username ${FIRST_ADMINISTRATOR} --output ${FIRST_ADMINISTRATOR}.ovpn`
  const password =
    oneTimePassword === undefined
      ? 'its password was shown by the first run and is not kept'
      : `one-time password ${oneTimePassword}   (shown only this once)`
  return `
Sallyport is running.

  portal                      ${stack.publicUrl}/
  API and its documentation   ${stack.publicUrl}/api/docs
  OpenVPN                     ${stack.addresses.vpnRemotes.join(', ')}
  tenant "${FIRST_TENANT}", administrator "${FIRST_ADMINISTRATOR}": ${password}

  Sign in to the portal with organisation "${FIRST_TENANT}" and make a profile for a device there, or in another terminal:
    ${enrol}
  Connect with it (any OpenVPN client):
    openvpn --config ${FIRST_ADMINISTRATOR}.ovpn

  Data, logs and the operator's token are in ${folder}/. Ctrl-C stops everything; the data stay.
`
}

async function unexpectedEnd(stack: RunningStack): Promise<never> {
  const ended = SERVICE_NAMES.map(async (name) => ({ name, how: await stack.services[name].exited }))
  const { name, how } = await Promise.race(ended)
  throw new ServiceEndedError(
    'service-ended',
    `${name} ended with ${how}; its last lines:\n${stack.services[name].tail()}\nwhole log: ${join(stack.logDirectory, `${name}.log`)}`,
  )
}
