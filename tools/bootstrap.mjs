// Runs on the Node that the machine has (18 or newer) with nothing installed: checks the machine, installs the locked
// dependencies and what the system lacks, builds, and then runs the command on the Node of the lock file.
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { dependenciesInstalled } from './bootstrap/dependencies.mjs'
import { checkMachine } from './bootstrap/machine.mjs'
import { installHelpfulPackages, installSystemPackages } from './bootstrap/system-packages.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const HEARTBEAT_MS = 10_000
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP']

/**
 * What each command needs, and what helps it. `programs` come from Debian packages of system-packages.mjs; `main` is the
 * program where it is not the tool of the same name.
 */
const SERVER = ['redis-server', 'nft', 'ip']
const TRAFFIC = [...SERVER, 'openvpn', 'openssl', 'iperf3', 'curl', 'ping', 'ps', 'tcpdump']
const BROWSER = ['chromium']
const IMPORTER = ['python3', '/usr/lib/NetworkManager/VPN/nm-openvpn-service.name']
const LEANER_CIPHER = ['/usr/include/intel-ipsec-mb.h']
const FUZZER = ['clang++', '/usr/lib/llvm-14/lib/clang/14.0.6/lib/linux/libclang_rt.fuzzer-x86_64.a']
const COMMANDS = {
  up: { privileged: true, build: ['run', 'build'], programs: SERVER },
  demo: { privileged: true, build: ['run', 'build'], programs: TRAFFIC },
  bench: { privileged: true, build: ['run', 'build'], programs: TRAFFIC, helpful: LEANER_CIPHER },
  test: {
    privileged: true,
    build: ['run', 'build'],
    programs: [...TRAFFIC, ...IMPORTER, ...BROWSER],
    helpful: LEANER_CIPHER,
  },
  fuzz: { privileged: false, build: ['exec', '--', 'tsc', '-b', 'tools'], programs: [], helpful: FUZZER },
  screenshots: { privileged: true, build: ['run', 'build'], programs: [...TRAFFIC, ...BROWSER] },
  mutations: { privileged: false, build: ['exec', '--', 'tsc', '-b', 'tools'], programs: [] },
  load: {
    privileged: true,
    build: ['run', 'build'],
    programs: ['ip'],
    helpful: LEANER_CIPHER,
    main: 'apps/load/dist/main.js',
  },
  enrol: { privileged: false, build: ['exec', '--', 'tsc', '-b', 'tools'], programs: [] },
  sallyport: {
    privileged: false,
    build: ['exec', '--', 'tsc', '-b', 'apps/cli'],
    programs: [],
    main: 'apps/cli/dist/main.js',
  },
}

const [name, ...args] = process.argv.slice(2)
const command = COMMANDS[name]
if (!command) fail(`usage: node tools/bootstrap.mjs ${Object.keys(COMMANDS).join('|')}`)

try {
  checkMachine(command)
  if (!dependenciesInstalled(root)) {
    await step('installing locked dependencies', 'npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'])
  }
  await installSystemPackages(command.programs, step, process.env)
  await installHelpfulPackages(command.helpful ?? [], step, process.env)
  await step('building', 'npm', command.build)
} catch (error) {
  fail(error.message)
}
process.exitCode = await run()

/** Runs one command with its output in a log file; shows its last lines only when it fails. */
async function step(title, file, argv, env = process.env) {
  const startedMs = Date.now()
  const seconds = () => `${Math.round((Date.now() - startedMs) / 1000)} s`
  mkdirSync(join(root, 'node_modules/.cache'), { recursive: true })
  const logFile = join(root, 'node_modules/.cache', `${title.replace(/\W+/g, '-')}.log`)
  console.error(`[sallyport] ${title} …`)
  const heartbeat = setInterval(() => console.error(`[sallyport] ${title} … ${seconds()}`), HEARTBEAT_MS)
  const tail = []
  const child = spawn(file, argv, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] })
  const log = []
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      log.push(text)
      tail.push(...text.split('\n').filter((line) => line.trim() !== ''))
      tail.splice(0, tail.length - 40)
    })
  }
  // The step ends first, so that whoever called it can put back what it changed.
  let interruption
  const interrupt = (signal) => {
    interruption = signal
    child.kill(signal)
  }
  for (const signal of SIGNALS) process.on(signal, interrupt)
  const code = await ended(child)
  for (const signal of SIGNALS) process.off(signal, interrupt)
  clearInterval(heartbeat)
  // After the command, because `npm ci` deletes node_modules.
  mkdirSync(dirname(logFile), { recursive: true })
  writeFileSync(logFile, log.join(''))
  if (interruption) throw new Error(`${title}: stopped by ${interruption}`, { cause: interruption })
  if (code !== 0)
    throw new Error(`${title} failed (${file} ${argv.join(' ')}):\n${tail.join('\n')}\nwhole output: ${logFile}`)
  console.error(`[sallyport] ${title}: done in ${seconds()}`)
}

/** Hands over to the built command; signals go on to it and its end is ours. */
async function run() {
  const node = join(root, 'node_modules/.bin/node')
  const env = { ...process.env, PATH: `${join(root, 'node_modules/.bin')}:${process.env.PATH}` }
  const program = [node, '--enable-source-maps', join(root, command.main ?? `tools/dist/${name}.js`), ...args]
  // When this process is killed, the command hears of it and cleans up.
  const tied = existsSync('/usr/bin/setpriv') ? ['/usr/bin/setpriv', '--pdeathsig', 'TERM', '--', ...program] : program
  const child = spawn(tied[0], tied.slice(1), { cwd: process.env.INIT_CWD ?? process.cwd(), env, stdio: 'inherit' })
  for (const signal of SIGNALS) process.on(signal, () => child.kill(signal))
  return ended(child)
}

function ended(child) {
  return new Promise((resolve) => {
    child.on('error', (error) => {
      console.error(`[sallyport] ${error.message}`)
      resolve(127)
    })
    child.on('exit', (code) => resolve(code ?? 1))
  })
}

function fail(message) {
  console.error(`[sallyport] ${message}`)
  if (name === 'test') console.log('0 passed, 1 failed')
  process.exit(1)
}
