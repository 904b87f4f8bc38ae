/** Reads what the service says of a webhook's last failure: its code, and the status if the receiver answered one. */
export function readLastError(lastError: string): { readonly failure: string; readonly status: number | null } {
  const [, failure = lastError, status] = /^([a-z-]+)(?: \(HTTP (\d{3})\))?$/.exec(lastError) ?? []
  return { failure, status: status === undefined ? null : Number(status) }
}
