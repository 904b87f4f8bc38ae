import type { DeviceDecision, DeviceDenyReason, MfaPolicy } from '@sallyport/mfa-policy'

import { ApiProblem } from '../http/api-problem.ts'

type Denial = Extract<DeviceDecision, { decision: 'deny' }>

/** Tells the user why the policy gives a device no certificate, and what to do. */
export function refusalOf(denial: Denial, policy: MfaPolicy): ApiProblem {
  return new ApiProblem(409, denial.reason, messageOf(denial, policy), undefined, {}, parametersOf(denial, policy))
}

function parametersOf({ reason, renewableFromMs }: Denial, { deviceLimit }: MfaPolicy): ApiProblem['parameters'] {
  if (reason === 'too-many-devices') return { limit: deviceLimit ?? 0 }
  return renewableFromMs === undefined ? undefined : { renewableFrom: new Date(renewableFromMs).toISOString() }
}

function messageOf({ reason, renewableFromMs }: Denial, { deviceLimit }: MfaPolicy): string {
  const messages: Readonly<Record<DeviceDenyReason, string>> = {
    'too-many-devices':
      `You have as many devices as your organisation allows: ${String(deviceLimit ?? 0)}. ` +
      'Please revoke one that you do not use any more.',
    'device-revoked': 'This device is revoked.',
    'certificate-expired': 'The certificate of this device has ended. Please revoke the device and enrol a new one.',
    'renewal-too-early': `This certificate can be renewed from ${dateOf(renewableFromMs)} on.`,
  }
  return messages[reason]
}

function dateOf(timeMs: number | undefined): string {
  return timeMs === undefined ? 'a later day' : new Date(timeMs).toISOString()
}
