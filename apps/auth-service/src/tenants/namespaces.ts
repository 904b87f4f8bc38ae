import type { TenantSession } from '@sallyport/database'
import { z } from 'zod'

import { ApiProblem } from '../http/api-problem.ts'

const MAX_NAMESPACES = 64
/** The word for the node's own network namespace, the only one that several tenants may share. */
export const HOST_NAMESPACE = 'host'

export const namespaceName = z
  .string()
  .regex(/^[a-zA-Z0-9][a-zA-Z0-9_-]{0,62}$/, 'is not a name of a network namespace')
  .describe(`"${HOST_NAMESPACE}" is the node's own namespace`)

/** Namespaces that a tenant's networks may be in, each once. */
export const namespaceList = z
  .array(namespaceName)
  .max(MAX_NAMESPACES)
  .transform((names) => [...new Set(names)])

/** Refuses namespaces of other tenants, because whatever is in one shares its routing. Needs `withNamespaces`. */
export async function refuseTakenNamespaces(
  session: TenantSession,
  tenantId: string,
  namespaces: readonly string[],
): Promise<void> {
  const own = namespaces.filter((name) => name !== HOST_NAMESPACE)
  const where = { id: { not: tenantId }, namespaces: { hasSome: own } }
  const holder = await session.tenant.findFirst({ where })
  const taken = own.find((name) => holder?.namespaces.includes(name))
  if (holder === null || taken === undefined) return
  const message = `The namespace "${taken}" belongs to the tenant "${holder.slug}".`
  const parameters = { namespace: taken, tenant: holder.slug }
  throw new ApiProblem(409, 'namespace-taken', message, undefined, {}, parameters)
}

/** Refuses to take away a namespace that holds a network, because it could go to another tenant. Needs `withNamespaces`. */
export async function refuseUsedNamespaces(
  session: TenantSession,
  tenantId: string,
  kept: readonly string[],
): Promise<void> {
  const networks = await session.network.findMany({ where: { tenantId, namespace: { not: null } } })
  const stranded = networks.find(({ namespace }) => namespace !== null && !kept.includes(namespace))
  if (stranded === undefined) return
  const { name: network, namespace } = stranded
  const message = `The network "${network}" is in the namespace "${String(namespace)}".`
  throw new ApiProblem(409, 'namespace-in-use', message, undefined, {}, { network, namespace: String(namespace) })
}
