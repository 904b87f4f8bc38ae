import type { ClientAbilities } from '../client-abilities.ts'
import type { Transport } from '../remote-address.ts'
import type { PushConfiguration } from './configuration.ts'
import { dnsOptions } from './dns-options.ts'
import { routeOptions } from './route-options.ts'

/**
 * Writes a configuration as the options that this client understands, in the order of servers of the 2.x line. What is
 * negotiated (peer-id, cipher, flags, token) comes on top. A text that cannot be pushed comes out as it is: whoever
 * assembles the message refuses it.
 */
export function configurationOptions(
  configuration: PushConfiguration,
  abilities: ClientAbilities,
  transport: Transport,
): readonly string[] {
  const { ipv4, ipv6, keepalive } = configuration
  return [
    'topology subnet',
    `route-gateway ${ipv4.gateway}`,
    ...routeOptions(configuration, abilities),
    ...dnsOptions(configuration, abilities),
    `ping ${String(keepalive.pingSeconds)}`,
    `ping-restart ${String(keepalive.pingRestartSeconds)}`,
    ...timerOptions(configuration, abilities),
    ...(transport === 'udp' && abilities.family.explicitExitNotify ? ['explicit-exit-notify 1'] : []),
    ...bufferOptions(configuration, abilities),
    ...mtuOptions(configuration, abilities),
    ...(ipv6 ? [`ifconfig-ipv6 ${ipv6.address}/${String(ipv6.prefixLength)} ${ipv6.gateway}`] : []),
    `ifconfig ${ipv4.address} ${ipv4.netmask}`,
  ]
}

function timerOptions(
  { inactiveSeconds, sessionTimeoutSeconds }: PushConfiguration,
  { family }: ClientAbilities,
): readonly string[] {
  const options: string[] = []
  if (inactiveSeconds !== undefined) options.push(`inactive ${String(inactiveSeconds)}`)
  if (sessionTimeoutSeconds !== undefined && family.sessionTimeout) {
    options.push(`session-timeout ${String(sessionTimeoutSeconds)}`)
  }
  return options
}

function bufferOptions(
  { sendBufferBytes, receiveBufferBytes }: PushConfiguration,
  { family }: ClientAbilities,
): readonly string[] {
  if (!family.bufferSizes) return []
  const options: string[] = []
  if (sendBufferBytes !== undefined) options.push(`sndbuf ${String(sendBufferBytes)}`)
  if (receiveBufferBytes !== undefined) options.push(`rcvbuf ${String(receiveBufferBytes)}`)
  return options
}

function mtuOptions({ tunMtu }: PushConfiguration, { maxTunMtu }: ClientAbilities): readonly string[] {
  return maxTunMtu === undefined ? [] : [`tun-mtu ${String(Math.min(tunMtu, maxTunMtu))}`]
}
