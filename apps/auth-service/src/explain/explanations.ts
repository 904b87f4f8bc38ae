import type { NotEquippedCode } from '@sallyport/contracts'

import type { Denial } from '../node-api/denials.ts'
import type { SignInRefusal } from '../sign-in/sign-in-outcomes.ts'

type RefusalCode = Denial | SignInRefusal | NotEquippedCode
type AskedCode = 'factor-required' | 'challenge-code' | 'challenge-web'

/** How an attempt ended. */
export type AttemptResult = 'allowed' | 'asked' | 'refused'

/** What happened and what to do, for each way of being refused; whoever helps the user reads it, or the user. */
const REFUSED: Readonly<Record<RefusalCode, string>> = {
  'wrong-password':
    'The password was wrong. Type it again with care; if it is forgotten, reset it on the sign-in page or let an administrator do so.',
  'sign-in-failed':
    'The password was wrong. Type it again with care; if it is forgotten, reset it on the sign-in page or let an administrator do so.',
  'otp-required':
    'The password was right and no code came with it. Connect again and give the code of the authenticator app when asked; where nothing asks, type it directly behind the password.',
  'otp-not-enrolled':
    'The policy demands a second factor and none is enrolled. Sign in to the portal and enrol one, then connect again.',
  'wrong-otp':
    'The code was wrong or too old. Give the newest one; if that fails too, set the clock of the phone to automatic time.',
  'otp-reused': 'The code had been used before. Wait for the next one, at most 30 seconds, and connect again.',
  'wrong-recovery-code':
    'The recovery code was wrong or had been used before. Take the next one of the list; an administrator can reset the factors.',
  'wrong-passkey':
    'The passkey was not accepted. Try again on the device that has it; an administrator can reset the factors.',
  'passkey-copied':
    'The passkey counted backwards, as a copy does. Sign in with another factor, remove the passkey and enrol a new one.',
  'method-not-allowed':
    'The policy accepts none of the enrolled second factors. Enrol one that it accepts, or have the policy changed.',
  'password-change-required':
    'The password was given out by an administrator and must be replaced. Sign in to the portal and choose a new one.',
  'user-disabled': 'The account is disabled. An administrator can enable it again.',
  'device-revoked': 'This device was revoked. Enrol the device again in the portal to get a new profile.',
  'unknown-device': 'There is no such device any more. Enrol the device again in the portal to get a new profile.',
  'certificate-mismatch':
    'The certificate is not the one of this device, perhaps because a newer profile exists. Import the newest profile.',
  'certificate-expired':
    "The device's certificate has expired. Renew the device in the portal and import the new profile.",
  'token-expired':
    'The session had lasted as long as the policy allows, or was idle for too long. Connect again and sign in.',
  'session-ended': 'The session had reached the hour at which the policy ends it. Connect again and sign in.',
  'token-invalid':
    'The session was ended before, for example by a new password, a sign-out everywhere or an administrator. Connect again and sign in.',
  'too-many-connections':
    'As many connections as the policy allows were open. End one in the portal, or have the limit raised.',
  'too-many-attempts':
    'There were too many wrong attempts, for this account or from this address. Wait a while, or let an administrator unlock the account.',
  'challenge-expired':
    'The question for the second factor was answered too late or twice. Begin again and answer within a few minutes.',
  declined:
    'The user declined the connection in the browser. If somebody else tried to connect, they know the password: change it at once.',
  'profile-too-old':
    'The profile is for old clients, which are not let in any more. Install a current client and import a new profile.',
  'tenant-suspended': 'The whole organisation is suspended. Its operator can resume it.',
  'pool-full':
    'The sign-in was right, but every address of the network was in use. End connections that nobody needs, or give the network a larger block.',
  'network-overlaps':
    "The sign-in was right, but the network's addresses overlap others that its server reaches. Choose another block, or give the network a namespace of its own.",
  'network-unavailable':
    'The sign-in was right, but the server could not set the network up. The log of the node says why; an operator can mend it.',
  'allocator-away':
    'The sign-in was right, but the ip-allocator gave the server no address. Connect again shortly; if it stays so, an operator has to look at it.',
  'internal-error':
    'The sign-in was right, but the server failed to set the connection up. Connect again; the log of the node says more.',
}

const ASKED: Readonly<Record<AskedCode, string>> = {
  'factor-required':
    'The password was right and a second factor was asked for. If nothing followed, it was never given.',
  'challenge-code':
    'The password was right and the client was asked for a code. If nothing followed, it was never given.',
  'challenge-web':
    'The password was right and the client was sent to the portal to confirm. If nothing followed, that was never done.',
}

/** A wrong password is all that somebody who signs in is told; the checks know better. */
const BEHIND_SIGN_IN_FAILED: ReadonlyMap<string, RefusalCode> = new Map([
  ['tenant', 'tenant-suspended'],
  ['account', 'user-disabled'],
] as const)

const ALLOWED = { ok: 'Everything was in order.' }
const SENTENCES: ReadonlyMap<string, string> = new Map(Object.entries({ ...REFUSED, ...ASKED, ...ALLOWED }))
const UNKNOWN =
  'The attempt was refused for a reason that this version does not know. Look for the code in the release notes.'

/** Says how an attempt with this outcome ended. */
export function resultOf(outcome: string): AttemptResult {
  if (outcome === 'ok') return 'allowed'
  return Object.hasOwn(ASKED, outcome) ? 'asked' : 'refused'
}

/** Says in words what an outcome means and what to do; `failedCheck` is the check that decided. */
export function explanationOf(outcome: string, failedCheck: string | undefined): string {
  const behind = outcome === 'sign-in-failed' ? BEHIND_SIGN_IN_FAILED.get(failedCheck ?? '') : undefined
  return SENTENCES.get(behind ?? outcome) ?? UNKNOWN
}
