import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Debian package of each program. */
const PACKAGES = {
  'redis-server': 'redis-server',
  nft: 'nftables',
  ip: 'iproute2',
  openvpn: 'openvpn',
  openssl: 'openssl',
  iperf3: 'iperf3',
  curl: 'curl',
  ping: 'iputils-ping',
  ps: 'procps',
  tcpdump: 'tcpdump',
}
const POLICY_FILE = '/usr/sbin/policy-rc.d'
const REFUSE_START = '#!/bin/sh\nexit 101\n'

/** Installs what is missing by apt-get, after it said so; a service that a package brings is not started. */
export async function installSystemPackages(programs, step, environment) {
  const packages = missingPackages(programs, environment.PATH ?? '')
  if (packages.length === 0) return
  const install = ['install', '-y', '--no-install-recommends', ...packages]
  const advice = `apt-get update && apt-get ${install.join(' ')}`
  if (environment.SALLYPORT_NO_INSTALL === '1')
    throw new Error(`the system lacks ${packages.join(', ')}: \`${advice}\`, then run this again.`)
  if (!hasProgram('apt-get', environment.PATH ?? ''))
    throw new Error(`the system lacks ${packages.join(', ')} and has no apt-get: install them, then run this again.`)
  console.error(`[sallyport] the system lacks ${packages.join(', ')}; this will be run: ${advice}`)
  const env = { ...environment, DEBIAN_FRONTEND: 'noninteractive' }
  await step('reading the package lists', 'apt-get', ['update'], env)
  const restore = forbidServiceStarts()
  try {
    await step('installing system packages', 'apt-get', install, env)
    // The package would also start it at the next boot; ours is a child process of its own.
    if (packages.includes('redis-server') && existsSync('/run/systemd/system')) {
      await step('leaving the Redis service of the package off', 'systemctl', ['disable', 'redis-server'], env)
    }
  } finally {
    restore()
  }
}

/** Packages for the programs that no folder of the path has; system folders count also when the path omits them. */
export function missingPackages(programs, path) {
  return programs.filter((program) => !hasProgram(program, path)).map((program) => PACKAGES[program])
}

function hasProgram(program, path) {
  const folders = [...path.split(':'), '/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/bin', '/bin']
  return folders.some((folder) => folder !== '' && existsSync(join(folder, program)))
}

/** invoke-rc.d(8): exit code 101 of policy-rc.d forbids an action. A policy of the machine's own stays as it is. */
function forbidServiceStarts() {
  if (existsSync(POLICY_FILE)) return () => undefined
  writeFileSync(POLICY_FILE, REFUSE_START, { mode: 0o755, flag: 'wx' })
  return () => rmSync(POLICY_FILE, { force: true })
}
