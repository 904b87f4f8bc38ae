import type { ClientIdentity, SessionAction, SessionInput } from '@sallyport/openvpn-session'

import type { HostedSession } from '../session-host.ts'
import { SAMPLE_ID } from './sample-grant.ts'

/** Plays the protocol: notes what it is told, and asks for what the test says. */
export class ScriptedSession implements HostedSession {
  readonly identity: ClientIdentity
  readonly told: SessionInput[] = []
  discarded = false
  reply: (input: SessionInput) => SessionAction[] = () => []

  constructor(deviceId: string | undefined) {
    this.identity = { tenantId: SAMPLE_ID, deviceId }
  }

  owns(): boolean {
    return true
  }

  handle(input: SessionInput): SessionAction[] {
    this.told.push(input)
    return this.reply(input)
  }

  settle(): SessionAction[] {
    return []
  }

  discard(): void {
    this.discarded = true
  }

  /** What it was told, by type. */
  get types(): string[] {
    return this.told.map(({ type }) => type)
  }
}
