import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

/** What a world made and must take away again. Other runs on the machine come and go: only its own things count. */
export interface Belongings {
  readonly namespaces: readonly string[]
  readonly interfaces: readonly string[]
  readonly addresses: readonly string[]
}

/** Throws with a list of what is still there, running child processes of this one included. */
export async function expectNoLeftovers(belongings: Belongings, childrenBefore: readonly string[]): Promise<void> {
  const namespaces = (await output('ip', 'netns', 'list')).split('\n').map((line) => line.split(' ')[0] ?? '')
  const links = await output('ip', '-oneline', 'link', 'show')
  const addresses = await output('ip', '-oneline', 'address', 'show')
  const left = [
    ...belongings.namespaces.filter((name) => namespaces.includes(name)),
    ...belongings.interfaces.filter((name) => links.includes(` ${name}@`) || links.includes(` ${name}:`)),
    ...belongings.addresses.filter((address) => addresses.includes(` ${address}/`)),
    ...(await childProcesses()).filter((child) => !childrenBefore.includes(child)),
  ]
  if (left.length > 0) throw new Error(`left behind: ${left.join(', ')}`)
}

/** Child processes of this one, as `PID NAME`. */
export async function childProcesses(): Promise<string[]> {
  const found: string[] = []
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
    if (!status.includes(`\nPPid:\t${String(process.pid)}\n`)) continue
    found.push(`${pid} ${/^Name:\t(.*)$/m.exec(status)?.[1] ?? ''}`)
  }
  return found
}

async function output(file: string, ...args: string[]): Promise<string> {
  return (await promisify(execFile)(file, args)).stdout
}
