import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'

/** Debian package of each program, and of each file that a package is known by. */
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
  chromium: 'chromium',
  python3: 'python3',
  '/usr/lib/NetworkManager/VPN/nm-openvpn-service.name': 'network-manager-openvpn',
  '/usr/include/intel-ipsec-mb.h': 'libipsec-mb-dev',
  'clang++': 'clang',
  '/usr/lib/llvm-14/lib/clang/14.0.6/lib/linux/libclang_rt.fuzzer-x86_64.a': 'libclang-rt-14-dev',
}
/** Services that come with the packages, which are wanted for their files alone. */
const SERVICES = [
  { service: 'redis-server', program: 'redis-server' },
  { service: 'NetworkManager', program: 'NetworkManager' },
]
const POLICY_FILE = '/usr/sbin/policy-rc.d'
const REFUSE_START = '#!/bin/sh\nexit 101\n'

/** Installs what is missing by apt-get, after it said so; a service that a package brings is not started. */
export async function installSystemPackages(programs, step, environment) {
  const packages = missingPackages(programs, environment.PATH ?? '')
  if (packages.length === 0) return
  const advice = `apt-get update && apt-get ${installation(packages).join(' ')}`
  if (environment.SALLYPORT_NO_INSTALL === '1')
    throw new Error(`the system lacks ${packages.join(', ')}: \`${advice}\`, then run this again.`)
  if (!hasProgram('apt-get', environment.PATH ?? ''))
    throw new Error(`the system lacks ${packages.join(', ')} and has no apt-get: install them, then run this again.`)
  console.error(`[sallyport] the system lacks ${packages.join(', ')}; this will be run: ${advice}`)
  await install(packages, step, environment)
}

/** Installs, where that works, what the product also runs without; otherwise says what is missing and goes on. */
export async function installHelpfulPackages(programs, step, environment) {
  const packages = missingPackages(programs, environment.PATH ?? '')
  if (packages.length === 0) return
  try {
    await installSystemPackages(programs, step, environment)
  } catch (error) {
    // A signal is meant for the whole command.
    if (error.cause !== undefined) throw error
    console.error(`[sallyport] going on without ${packages.join(', ')}: ${error.message}`)
  }
}

async function install(packages, step, environment) {
  const env = { ...environment, DEBIAN_FRONTEND: 'noninteractive' }
  await step('reading the package lists', 'apt-get', ['update'], env)
  const newServices = SERVICES.filter(({ program }) => !hasProgram(program, environment.PATH ?? ''))
  const restore = forbidServiceStarts()
  try {
    await step('installing system packages', 'apt-get', installation(packages), env)
    // They would also start at the next boot. What the machine had before is its own business.
    const services = newServices.filter(({ program }) => hasProgram(program, environment.PATH ?? ''))
    if (services.length > 0 && existsSync('/run/systemd/system')) {
      const names = services.map(({ service }) => service)
      await step('leaving the services of the packages off', 'systemctl', ['disable', ...names], env)
    }
  } finally {
    restore()
  }
}

function installation(packages) {
  return ['install', '-y', '--no-install-recommends', ...packages]
}

/** Packages for the programs that no folder of the path has; system folders count also when the path omits them. */
export function missingPackages(programs, path) {
  return programs.filter((program) => !hasProgram(program, path)).map((program) => PACKAGES[program])
}

function hasProgram(program, path) {
  if (isAbsolute(program)) return existsSync(program)
  const folders = [...path.split(':'), '/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/bin', '/bin']
  return folders.some((folder) => folder !== '' && existsSync(join(folder, program)))
}

/** invoke-rc.d(8): exit code 101 of policy-rc.d forbids an action. A policy of the machine's own stays as it is. */
function forbidServiceStarts() {
  if (existsSync(POLICY_FILE)) return () => undefined
  writeFileSync(POLICY_FILE, REFUSE_START, { mode: 0o755, flag: 'wx' })
  return () => rmSync(POLICY_FILE, { force: true })
}
