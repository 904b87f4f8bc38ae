import { spawnSync } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'

const TUN = '/dev/net/tun'

/** Throws one sentence that says what is missing and what to do; nothing was changed before. */
export function checkMachine({ privileged }, machine = readMachine()) {
  if (machine.platform !== 'linux' || machine.architecture !== 'x64') {
    throw new Error(`Sallyport runs on Linux on x86-64; this is ${machine.platform} on ${machine.architecture}.`)
  }
  if (!privileged) return
  if (!machine.isRoot) {
    throw new Error('this needs root, because it makes network interfaces and firewall rules: run it with sudo.')
  }
  if (machine.tunError !== undefined) {
    throw new Error(
      `${TUN} cannot be opened (${machine.tunError}): load the driver with \`modprobe tun\`; in a container add --device ${TUN} --cap-add NET_ADMIN.`,
    )
  }
  if (!machine.hasCompiler) {
    throw new Error('there is no C++ compiler with make: `apt-get install -y g++ make`, then run this again.')
  }
}

function readMachine() {
  return {
    platform: process.platform,
    architecture: process.arch,
    isRoot: process.getuid?.() === 0,
    tunError: tunError(),
    hasCompiler: runs(process.env.CXX ?? 'c++') && runs('make'),
  }
}

function tunError() {
  try {
    closeSync(openSync(TUN, 'r+'))
    return undefined
  } catch (error) {
    return error.code
  }
}

function runs(program) {
  return spawnSync(program, ['--version'], { stdio: 'ignore' }).status === 0
}
