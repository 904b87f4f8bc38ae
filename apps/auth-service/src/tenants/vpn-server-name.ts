/** Common name of the certificate that nodes show to a tenant's clients; profiles demand it. */
export function vpnServerName(tenantSlug: string): string {
  return `${tenantSlug}.vpn.sallyport.internal`
}
