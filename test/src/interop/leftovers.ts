import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

/** What a machine has of the kinds of things that a world makes. */
interface Inventory {
  readonly namespaces: readonly string[]
  readonly interfaces: readonly string[]
  readonly tables: readonly string[]
  readonly children: readonly string[]
}

/** Finds what a world left behind: namespaces, interfaces, firewall tables, and processes that this one started. */
export class Leftovers {
  readonly #before: Inventory

  private constructor(before: Inventory) {
    this.#before = before
  }

  static async begin(): Promise<Leftovers> {
    return new Leftovers(await takeInventory())
  }

  /** Throws with a list of what was not there at the beginning. */
  async expectNone(): Promise<void> {
    const now = await takeInventory()
    const left = (['namespaces', 'interfaces', 'tables', 'children'] as const).flatMap((kind) =>
      now[kind].filter((name) => !this.#before[kind].includes(name)).map((name) => `${kind}: ${name}`),
    )
    if (left.length > 0) throw new Error(`left behind:\n${left.join('\n')}`)
  }
}

async function takeInventory(): Promise<Inventory> {
  const [namespaces, links, tables] = await Promise.all([
    lines('ip', 'netns', 'list'),
    lines('ip', '-oneline', 'link', 'show'),
    lines('nft', 'list', 'tables'),
  ])
  return {
    namespaces: namespaces.map((line) => line.split(' ')[0] ?? ''),
    interfaces: links.map((line) => /^\d+: ([^:@]+)/.exec(line)?.[1] ?? line),
    tables,
    children: await childrenOfThisProcess(),
  }
}

async function childrenOfThisProcess(): Promise<string[]> {
  const found: string[] = []
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
    if (!status.includes(`\nPPid:\t${String(process.pid)}\n`)) continue
    found.push(`${pid} ${/^Name:\t(.*)$/m.exec(status)?.[1] ?? ''}`)
  }
  return found
}

async function lines(file: string, ...args: string[]): Promise<string[]> {
  const { stdout } = await promisify(execFile)(file, args)
  return stdout.split('\n').filter((line) => line !== '')
}
