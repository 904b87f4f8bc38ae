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
  factorsReset: {
    code: 'factors-reset',
    message: 'Your second factor was reset. Please sign in to the portal and enrol a new one.',
  },
  userDeleted: { code: 'user-deleted', message: 'Your account was deleted. Please ask your administrator.' },
  legacyClientsOff: {
    code: 'profile-too-old',
    message: 'Profiles for old clients are not accepted any more. Please download a new one.',
  },
  signedOut: { code: 'signed-out', message: 'You signed out everywhere. Please sign in again.' },
  deviceRevoked: { code: 'device-revoked', message: 'This device is revoked. Please ask your administrator.' },
  certificateRenewed: {
    code: 'certificate-renewed',
    message: 'The certificate of this device was renewed. Please use the new profile.',
  },
  authorityRetired: {
    code: 'authority-retired',
    message: 'The certificate of this device is not trusted any more. Please download a new profile.',
  },
  policyChanged: {
    code: 'policy-changed',
    message: 'The rules of your organisation have changed. Please connect again.',
  },
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
