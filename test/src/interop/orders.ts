import { type EnrolledDevice, fieldOf, requiredText } from '@sallyport/local-services'

import type { Site } from './site.ts'
import type { World } from './world.ts'

/** The routes of every site: to the private host. */
const OWN_ROUTES = ['10.20.0.0/24', 'fd00:20::/64']

/** Takes the node out of service, or puts it back. */
export async function orderNode({ stack: { platform } }: World, order: 'drain' | 'resume'): Promise<void> {
  const services = await platform.call('GET', '/platform/services?limit=200')
  const node = idOf(services, 'serviceId', (service) => service['role'] === 'vpn-node')
  await platform.call('POST', `/platform/services/${node}/${order}`)
}

/** Ends the newest connection of a device, as an administrator. */
export async function endConnection({ administrator }: Site, { deviceId }: EnrolledDevice): Promise<void> {
  const connections = await administrator.api.call('GET', '/connections?state=live&limit=200')
  const connection = idOf(connections, 'connectionId', (candidate) => candidate['deviceId'] === deviceId)
  await administrator.api.call('DELETE', `/connections/${connection}`)
}

/** Orders a capture of the newest connection of a device, as an administrator; gives the name of the file. */
export async function capture(
  { administrator }: Site,
  { deviceId }: EnrolledDevice,
  request: { readonly side: 'inner' | 'outer'; readonly seconds: number },
): Promise<string> {
  const connections = await administrator.api.call('GET', '/connections?state=live&limit=200')
  const connection = idOf(connections, 'connectionId', (candidate) => candidate['deviceId'] === deviceId)
  return requiredText(await administrator.api.call('POST', `/connections/${connection}/captures`, request), 'fileName')
}

/** Changes what a site's network allows each client. */
export async function changeLimits(
  { administrator, networkId }: Site,
  limits: Readonly<Record<string, number | null>>,
): Promise<void> {
  await administrator.api.call('PATCH', `/networks/${networkId}`, limits)
}

/** Gives a site's network these routes beside its own. */
export async function changeRoutes({ administrator, networkId }: Site, added: readonly string[]): Promise<void> {
  await administrator.api.call('PATCH', `/networks/${networkId}`, { routes: [...OWN_ROUTES, ...added] })
}

function idOf(page: unknown, field: string, matches: (item: Readonly<Record<string, unknown>>) => boolean): string {
  const list = fieldOf(page, 'items')
  if (!Array.isArray(list)) throw new TypeError('the answer is not a list')
  const found = list.filter(isRecord).find(matches)?.[field]
  if (typeof found !== 'string') throw new TypeError(`nothing in the answer has a ${field} and matches`)
  return found
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
