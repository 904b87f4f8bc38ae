/** Why a live connection is ended from here: the code is counted, the message is read by the user. */
export interface Ending {
  readonly code: string
  /** ASCII without commas: it goes into AUTH_FAILED. */
  readonly message: string
}

/** Every reason for which a connection that was allowed is ended by order. */
export const ENDINGS = {
  tenantSuspended: {
    code: 'tenant-suspended',
    message: 'Your organisation is suspended. Please ask your administrator.',
  },
  userDisabled: { code: 'user-disabled', message: 'Your account is disabled. Please ask your administrator.' },
  passwordReset: {
    code: 'password-reset',
    message: 'Your password was reset. Please sign in to the portal and choose a new one.',
  },
  passwordChanged: { code: 'password-changed', message: 'Your password was changed. Please connect with the new one.' },
  totpReset: {
    code: 'totp-reset',
    message: 'Your authenticator app was reset. Please sign in to the portal and enrol one.',
  },
  legacyClientsOff: {
    code: 'profile-too-old',
    message: 'Profiles for old clients are not accepted any more. Please download a new one.',
  },
  deviceRevoked: { code: 'device-revoked', message: 'This device is revoked. Please ask your administrator.' },
  connectionEnded: { code: 'connection-ended', message: 'This connection was ended. Please sign in again.' },
  unknownConnection: { code: 'unknown-connection', message: 'This connection was ended. Please connect again.' },
} as const satisfies Readonly<Record<string, Ending>>

/** Tells from the present state why a live connection must end; `undefined` when it may go on. */
export function endingOf(connection: {
  readonly tenant: { readonly suspendedAt: Date | null }
  readonly user: { readonly disabledAt: Date | null }
  readonly device: { readonly revokedAt: Date | null }
  readonly endRequestedAt: Date | null
}): Ending | undefined {
  if (connection.tenant.suspendedAt !== null) return ENDINGS.tenantSuspended
  if (connection.user.disabledAt !== null) return ENDINGS.userDisabled
  if (connection.device.revokedAt !== null) return ENDINGS.deviceRevoked
  if (connection.endRequestedAt !== null) return ENDINGS.connectionEnded
  return undefined
}
