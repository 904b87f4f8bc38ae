import { type KeyId, nextKeyId, parseServerKeyMethod2 } from '@sallyport/openvpn-wire'

import { SESSION_DROP_REASONS, SESSION_END_REASONS, type SessionAction, type SessionInput } from '../actions.ts'

/** Largest packet without the heads of IPv6 and UDP. */
const MAX_PACKET_BYTES = 1250 - 48
/** Three key states with a window of six and acknowledgements each, and one more of each for the turn of a packet. */
const MAX_SENDS_AT_ONCE = 40
const MAX_ACTIONS_AT_ONCE = 100
const MAX_MESSAGE_BYTES = 1024
const NEVER_AFTER_END: readonly SessionAction['type'][] = ['authenticate', 'install-keys', 'swap-keys', 'connected']

/** What is known of one key state from the outside. */
interface KeyFacts {
  tls: 'running' | 'stopped'
  introduced: boolean
  asked: boolean
  allowed: boolean
  refused: boolean
  installed: boolean
  /** Exporter output that was handed in; the session owes its destruction. */
  secrets: Uint8Array[]
}

/**
 * Watches a server's session from the outside, with nothing but the protocol and the host's contract in mind, and
 * throws when it does what it must not. It knows no more of the inside than a host does.
 */
export class SessionOracle {
  readonly #keys = new Map<KeyId, KeyFacts>()
  #newest: KeyId = 0
  #connected = false
  #ended = false
  #closed = false
  /** The key in the second slot that sealing has to move to. */
  #swapTo: KeyId | undefined

  get connected(): boolean {
    return this.#connected
  }

  get ended(): boolean {
    return this.#ended
  }

  get closed(): boolean {
    return this.#closed
  }

  /** True once the server's key method 2 was written for this key state. */
  introduced(keyId: KeyId): boolean {
    return this.#keys.get(keyId)?.introduced === true
  }

  /** Takes one step: what the session was told and what it asked for. */
  observe(input: SessionInput | undefined, actions: readonly SessionAction[], nowMs: number): void {
    if (this.#closed) {
      claim(
        actions.every(({ type }) => type === 'drop'),
        'a closed session only drops',
      )
    }
    if (input !== undefined) this.#note(input)
    for (const action of actions) this.#judge(action, nowMs)
    claim(actions.length <= MAX_ACTIONS_AT_ONCE, 'actions of one step are bounded')
    claim(actions.filter(({ type }) => type === 'send').length <= MAX_SENDS_AT_ONCE, 'packets of one step are bounded')
    if (actions.some(({ type }) => type === 'closed')) this.#judgeClosing(actions)
  }

  #note(input: SessionInput): void {
    if (!('keyId' in input)) return
    const facts = this.#keys.get(input.keyId)
    if (facts === undefined) return
    if (input.type === 'allowed' && !facts.refused) facts.allowed ||= facts.asked
    if (input.type === 'refused' && !facts.allowed) facts.refused ||= facts.asked
    if (input.type === 'tls-established') {
      facts.secrets.push(input.keyMaterial.dataKeys, input.keyMaterial.dynamicTlsCrypt)
    }
  }

  #judge(action: SessionAction, nowMs: number): void {
    claim(!this.#ended || !NEVER_AFTER_END.includes(action.type), `no ${action.type} after the end`)
    if ('keyId' in action) this.#judgeKey(action, action.keyId)
    else if (action.type === 'send') {
      claim(action.bytes.length <= MAX_PACKET_BYTES, 'packets are no larger than 1250 bytes in all')
    } else if (action.type === 'drop') {
      claim(SESSION_DROP_REASONS.includes(action.reason), 'drop reasons are of the list')
    } else if (action.type === 'timer') {
      claim(action.atMs === undefined || action.atMs >= nowMs, 'timers lie ahead')
    } else if (action.type === 'swap-keys') {
      claim(this.#swapTo !== undefined, 'keys are swapped once for each installation beside others')
      this.#swapTo = undefined
    } else if (action.type === 'delete-keys') {
      claim(this.#swapTo === undefined, 'only keys that sealing has left are deleted')
    } else this.#judgeProgress(action)
  }

  #judgeProgress(action: SessionAction): void {
    if (action.type === 'connected') {
      claim(!this.#connected && this.#installed(0), 'connected once, after its keys')
      this.#connected = true
    } else if (action.type === 'ended') {
      claim(!this.#ended && SESSION_END_REASONS.includes(action.reason), 'ended once, for a reason of the list')
      this.#ended = true
    } else if (action.type === 'closed') {
      claim(this.#ended && !this.#closed, 'closed once, after ended')
      this.#closed = true
    }
  }

  #judgeKey(action: Extract<SessionAction, { keyId: KeyId }>, keyId: KeyId): void {
    if (action.type === 'tls-start') {
      this.#judgeStart(keyId)
      return
    }
    const facts = this.#keys.get(keyId)
    if (facts === undefined) throw new RangeError(`${action.type} without a key state`)
    if (action.type === 'tls-stop') {
      claim(facts.tls === 'running', 'TLS stops once')
      facts.tls = 'stopped'
      // A renegotiation that is given up leaves its keys in the slot, to be overwritten by the next.
      if (this.#swapTo === keyId) this.#swapTo = undefined
    } else if (action.type === 'tls-deliver') {
      claim(facts.tls === 'running' && action.bytes.length > 0, 'only running engines are fed, and with something')
    } else if (action.type === 'tls-write') {
      this.#judgeWrite(facts, action.bytes)
    } else if (action.type === 'authenticate') {
      claim(!facts.asked && facts.introduced, 'asked once for each key state, when its key method 2 is answered')
      claim((action.request.phase === 'initial') === (keyId === 0 && !this.#connected), 'the phase is right')
      facts.asked = true
    } else if (action.type === 'install-keys') {
      this.#judgeInstallation(facts, action)
    }
  }

  #judgeStart(keyId: KeyId): void {
    const pending = [...this.#keys.values()].filter(({ installed, tls }) => !installed && tls === 'running')
    const isFirst = this.#keys.size === 0
    claim(isFirst ? keyId === 0 : this.#connected && !this.#ended, 'renegotiations only while connected')
    claim(pending.length === 0, 'at most one handshake at a time')
    claim(isFirst || keyId === this.#newest || keyId === nextKeyId(this.#newest), 'key ids follow each other')
    claim(keyId !== this.#newest || isFirst || !this.#installed(keyId), 'a key id that has keys is not begun anew')
    this.#newest = keyId
    const unknown = { introduced: false, asked: false, allowed: false, refused: false, installed: false, secrets: [] }
    this.#keys.set(keyId, { tls: 'running', ...unknown })
  }

  #installed(keyId: KeyId): boolean {
    return this.#keys.get(keyId)?.installed === true
  }

  #judgeWrite(facts: KeyFacts, bytes: Uint8Array): void {
    claim(facts.tls === 'running', 'only running engines are written to')
    if (!facts.introduced) {
      claim(parseServerKeyMethod2(bytes).type === 'message', 'the first thing written is key method 2')
      facts.introduced = true
      return
    }
    claim(bytes.length <= MAX_MESSAGE_BYTES, 'messages are of bounded length')
    claim(bytes.indexOf(0) === bytes.length - 1, 'a record is one message with its NUL')
    claim(
      bytes.subarray(0, -1).every((byte) => byte >= 0x20 && byte !== 0x7f),
      'messages are printable',
    )
  }

  #judgeInstallation(facts: KeyFacts, { keyId, slot }: Extract<SessionAction, { type: 'install-keys' }>): void {
    claim(facts.allowed && !facts.refused && !facts.installed, 'keys are installed once, when allowed')
    claim((slot === 'primary') !== this.#connected, 'the first keys are primary, all others secondary')
    claim(this.#swapTo === undefined, 'sealing has left the slot that is filled')
    this.#swapTo = slot === 'secondary' ? keyId : undefined
    facts.installed = true
  }

  #judgeClosing(actions: readonly SessionAction[]): void {
    claim(actions.at(-1)?.type === 'closed', 'closed is the last action')
    for (const { tls, secrets } of this.#keys.values()) {
      claim(tls === 'stopped', 'every TLS engine was stopped')
      for (const secret of secrets) claim(isZero(secret), 'every secret was destroyed')
    }
  }
}

function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0)
}

function claim(holds: boolean, what: string): void {
  if (!holds) throw new RangeError(`broken: ${what}`)
}
