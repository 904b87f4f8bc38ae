import type { System } from './client-system.ts'

/** A program with which people connect; instructions for each are in the catalogue, by this name. */
export type VpnClientId =
  'connect' | 'openvpn-gui' | 'tunnelblick' | 'network-manager' | 'openvpn' | 'connect-mobile' | 'other'

/** Where a program comes from: a page, or a command. */
export interface VpnClient {
  readonly id: VpnClientId
  readonly page?: string
  readonly command?: string
}

const CONNECT = { id: 'connect', page: 'https://openvpn.net/client/' } as const

/** The programs for each system, the one that suits most people first. */
export const VPN_CLIENTS: Readonly<Record<System, readonly [VpnClient, ...VpnClient[]]>> = {
  windows: [CONNECT, { id: 'openvpn-gui', page: 'https://openvpn.net/community/' }],
  macos: [CONNECT, { id: 'tunnelblick', page: 'https://tunnelblick.net/downloads.html' }],
  linux: [
    { id: 'network-manager', command: 'sudo apt install network-manager-openvpn-gnome' },
    { id: 'openvpn', command: 'sudo apt install openvpn' },
  ],
  android: [{ id: 'connect-mobile', page: 'https://play.google.com/store/apps/details?id=net.openvpn.openvpn' }],
  ios: [{ id: 'connect-mobile', page: 'https://apps.apple.com/app/openvpn-connect-openvpn-app/id590379981' }],
  chromeos: [{ id: 'connect-mobile', page: 'https://play.google.com/store/apps/details?id=net.openvpn.openvpn' }],
  other: [{ id: 'other' }],
}
