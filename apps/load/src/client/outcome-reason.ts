import type { ClientOutcome } from '@sallyport/openvpn-session'

const MAX_CHARACTERS = 100

/** Names how a connection ended, for counting: what the server said, where it said anything. */
export function outcomeReason(outcome: ClientOutcome): string {
  switch (outcome.reason) {
    case 'refused':
      if (outcome.challenge !== undefined) return 'asks for more than a password'
      return named(outcome.temporary === undefined ? 'refused' : 'refused for now', outcome.message)
    case 'halt':
    case 'restart':
      return named(outcome.reason, outcome.message)
    case 'tls-failed':
    case 'protocol-error':
      return named(outcome.reason, outcome.code)
    case 'peer-gone':
      return 'silence'
    case 'handshake-timeout':
    case 'left':
    case 'server-exit':
      return outcome.reason
  }
}

/** A server's text is somebody else's: nothing in it reaches a terminal but printable characters. */
function named(reason: string, text: string): string {
  const printable = text.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, MAX_CHARACTERS)
  return printable === '' ? reason : `${reason}: ${printable}`
}
