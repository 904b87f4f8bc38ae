import { once } from 'node:events'
import { createConnection } from 'node:net'
import { createInterface } from 'node:readline'

import { hashPassword, verifyPassword } from '@sallyport/identity'

/**
 * Decides, over the management interface of an `openvpn` server with `management-client-auth`, who may come in
 * (management-notes.txt of OpenVPN: `>CLIENT:CONNECT`, `>CLIENT:ENV`, `client-auth-nt`). The password is checked as
 * auth-service checks it: argon2 goes through 19 MiB, and a server on the same machine pays for the caches that it empties.
 */
export async function answerCredentials(
  socketPath: string,
  expected: { readonly username: string; readonly password: string },
): Promise<Disposable> {
  const { username, password } = expected
  const passwordHash = await hashPassword(password)
  const socket = createConnection(socketPath)
  await once(socket, 'connect')
  socket.on('error', () => undefined)
  const decide = async (client: string, shown: ReadonlyMap<string, string>): Promise<void> => {
    const good = shown.get('username') === username && (await verifyPassword(passwordHash, shown.get('password') ?? ''))
    socket.write(good ? `client-auth-nt ${client}\n` : `client-deny ${client} "wrong credentials"\n`)
  }
  let client = ''
  let environment = new Map<string, string>()
  createInterface({ input: socket }).on('line', (line) => {
    const asked = /^>CLIENT:(?:CONNECT|REAUTH),(\d+),(\d+)$/.exec(line)
    const variable = /^>CLIENT:ENV,(\w+)=(.*)$/.exec(line)
    if (asked) {
      client = `${String(asked[1])} ${String(asked[2])}`
      environment = new Map()
    } else if (variable) {
      environment.set(variable[1] ?? '', variable[2] ?? '')
    } else if (line === '>CLIENT:ENV,END' && client !== '') {
      void decide(client, environment)
      client = ''
    }
  })
  return {
    [Symbol.dispose]() {
      socket.destroy()
    },
  }
}
