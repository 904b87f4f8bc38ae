import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

import { SallyportError } from '@sallyport/foundation'
import { type RunningStack, startStack } from '@sallyport/local-services'
import { type Namespace, OpenVpnClient, startWebServer, TotpDevice } from '@sallyport/testkit'

import { CHECKOUT, interruption, progressPrinter, runCommand } from './command.ts'
import { makeDemoNetwork, PRIVATE_HOST } from './demo-network.ts'
import { makeDemoUser } from './demo-user.ts'
import { tracePacket } from './packet-trace.ts'

const FETCH = ['curl', '--silent', '--show-error', '--max-time', '5', `http://${PRIVATE_HOST}/`] as const
const BACK_AGAIN_MS = 60_000
const RETRY_MS = 1000

/** The demonstration did not show what it promises. */
class DemoError extends SallyportError {}

await runCommand(async () => {
  const signal = interruption()
  const printer = progressPrinter()
  const progress = (message: string): void => {
    signal.throwIfAborted()
    printer(message)
  }
  try {
    await demonstrate(progress, signal)
  } finally {
    printer(signal.aborted ? 'stopped, everything is removed' : 'everything is removed')
  }
})

async function demonstrate(progress: (message: string) => void, signal: AbortSignal): Promise<void> {
  await using cleanup = new AsyncDisposableStack()
  const dataDirectory = await mkdtemp(join(tmpdir(), 'sallyport-demo-'))
  cleanup.defer(() => rm(dataDirectory, { recursive: true, force: true }))

  progress('making three network namespaces: the client, the tenant’s network on the node, a private network')
  const network = cleanup.use(await makeDemoNetwork())
  cleanup.use(await startWebServer(network.office, PRIVATE_HOST, 80, 'A page of the private network'))
  const stack = cleanup.use(
    await startStack({
      checkout: CHECKOUT,
      dataDirectory,
      durable: false,
      progress,
      signal,
      authListen: '127.0.0.1:0',
      nodeApiListen: '127.0.0.1:0',
      allocatorListen: '127.0.0.1:0',
      metricsListen: '127.0.0.1:0',
      nodeListen: `${network.serverAddress}:0`,
    }),
  )
  progress('making a tenant, a network, a user with TOTP and a device')
  const user = await makeDemoUser(stack, network.tenant.name)

  show('Before: the client knows only its link to the node', await network.client.exec('ip', 'route'))
  show('so the private host cannot be reached', await failToFetch(network.client))

  progress('connecting Debian’s openvpn with the downloaded profile, password and code')
  const totp = new TotpDevice(user.totpSecret)
  const client = cleanup.use(
    await OpenVpnClient.start({
      namespace: network.client,
      profile: user.profile,
      username: user.username,
      password: user.password,
      otp: () => totp.code(),
    }),
  )
  const { ipv4, ipv6, remote } = await client.waitForConnected()
  progress(`connected to ${remote} with address ${[ipv4, ipv6 ?? ''].join(' ')}`)
  show('After: the node pushed a route into the tunnel', await network.client.exec('ip', 'route'))
  show(`The page at http://${PRIVATE_HOST}/`, await network.client.exec(...FETCH))
  progress('following one packet')
  show('The way of one packet (a ping), as captured', await tracePacket(network, PRIVATE_HOST))
  await killAndRestart(stack, network.client, client, progress)
}

async function killAndRestart(
  stack: RunningStack,
  client: Namespace,
  vpn: OpenVpnClient,
  progress: (message: string) => void,
): Promise<void> {
  progress('killing the node')
  await stack.services['vpn-node'].kill()
  show('without the node there is no way', await failToFetch(client))
  progress('starting the node again; the same client goes on with the same profile')
  await stack.services['vpn-node'].start()
  const page = await fetchAgain(client, progress)
  show(`The page is back; the user was asked ${String(vpn.promptCount)} time(s) in all`, page)
}

function show(title: string, text: string): void {
  const lines = text
    .trim()
    .split('\n')
    .map((line) => `    ${line}`)
  process.stdout.write(`\n${title}:\n${lines.join('\n')}\n\n`)
}

/** Gives the complaint of a fetch that must not work. */
async function failToFetch(client: Namespace): Promise<string> {
  const { code, stderr } = await client.try(...FETCH)
  if (code === 0) throw new DemoError('reachable', 'the private host can be reached without a tunnel')
  return stderr
}

/** The client finds out by itself that the node was away (ping-restart) and connects again. */
async function fetchAgain(client: Namespace, progress: (message: string) => void): Promise<string> {
  const deadline = AbortSignal.timeout(BACK_AGAIN_MS)
  for (;;) {
    const { code, stdout, stderr } = await client.try(...FETCH)
    if (code === 0) return stdout
    if (deadline.aborted) throw new DemoError('not-back', `the page did not come back: ${stderr}`)
    progress('not yet')
    await delay(RETRY_MS, undefined, { signal: deadline }).catch(() => undefined)
  }
}
