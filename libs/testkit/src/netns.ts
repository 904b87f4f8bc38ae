import { execFile, type ExecFileException } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { promisify } from 'node:util'

import { ManagedProcess } from '@sallyport/local-services'

const MAX_OUTPUT_BYTES = 64 * 1024 * 1024

/** What a command inside a namespace said and how it ended; commands that fail do not throw. */
export interface CommandResult {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/**
 * A network namespace of a test's own, with loopback up. Disposal deletes it and with it its end of every link; end the
 * processes in it first.
 */
export class Namespace implements AsyncDisposable {
  readonly name: string

  private constructor(name: string) {
    this.name = name
  }

  /** Makes one with a unique name that begins with `label` (at most 20 characters). */
  static async create(label: string): Promise<Namespace> {
    const namespace = new Namespace(`sp-${label}-${randomBytes(3).toString('hex')}`)
    await ip('netns', 'add', namespace.name)
    await namespace.exec('ip', 'link', 'set', 'lo', 'up')
    return namespace
  }

  /** Runs a command inside and gives its output; throws when it fails. */
  async exec(file: string, ...args: string[]): Promise<string> {
    return run('nsenter', [`--net=/run/netns/${this.name}`, '--', file, ...args])
  }

  /** Runs a command inside that may fail. */
  async try(file: string, ...args: string[]): Promise<CommandResult> {
    const { promise, resolve } = Promise.withResolvers<CommandResult>()
    const command = [`--net=/run/netns/${this.name}`, '--', file, ...args]
    execFile('nsenter', command, { maxBuffer: MAX_OUTPUT_BYTES }, (error, stdout, stderr) => {
      resolve({ code: exitCode(error), stdout, stderr })
    })
    return promise
  }

  /** Starts a program inside that goes on until it is stopped. */
  spawn(file: string, ...args: string[]): ManagedProcess {
    return new ManagedProcess({ name: file, file, args, namespace: this.name, stopSignal: 'SIGTERM' })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await ip('netns', 'delete', this.name)
  }
}

/** One end of a link: where it is (`undefined` is the caller's own namespace), its name, and its addresses with prefix. */
export interface LinkEnd {
  readonly namespace: Namespace | undefined
  readonly device: string
  readonly addresses: readonly string[]
}

/** Joins two namespaces by a pair of virtual Ethernet devices, both up. Disposal removes both ends. */
export async function connect(first: LinkEnd, second: LinkEnd): Promise<AsyncDisposable> {
  // Made under unique names, because both ends are born in the caller's namespace.
  const id = randomBytes(4).toString('hex')
  const ends = [
    { ...first, born: `spa${id}` },
    { ...second, born: `spb${id}` },
  ]
  await ip('link', 'add', `spa${id}`, 'type', 'veth', 'peer', 'name', `spb${id}`)
  for (const end of ends) {
    const { namespace, device, born } = end
    const inside = (...args: string[]): Promise<string> => (namespace ? namespace.exec('ip', ...args) : ip(...args))
    if (namespace) await ip('link', 'set', born, 'netns', namespace.name)
    await inside('link', 'set', born, 'name', device)
    // Duplicate address detection would leave an IPv6 address unusable for a second or two.
    for (const address of end.addresses) {
      await inside('address', 'add', address, 'dev', device, ...(address.includes(':') ? ['nodad'] : []))
    }
    await inside('link', 'set', device, 'up')
  }
  return {
    async [Symbol.asyncDispose]() {
      const remove = ['link', 'delete', first.device]
      // The pair goes with the first of its namespaces.
      await (first.namespace ? first.namespace.try('ip', ...remove) : ip(...remove).catch(() => ''))
    },
  }
}

async function ip(...args: string[]): Promise<string> {
  return run('ip', args)
}

async function run(file: string, args: readonly string[]): Promise<string> {
  return (await promisify(execFile)(file, args, { maxBuffer: MAX_OUTPUT_BYTES })).stdout
}

function exitCode(error: ExecFileException | null): number {
  if (!error) return 0
  return typeof error.code === 'number' ? error.code : 128
}
