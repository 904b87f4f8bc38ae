import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Says whether node_modules holds what package-lock.json names. npm writes node_modules/.package-lock.json when an
 * installation is complete; packages for other platforms are in the lock file only.
 */
export function dependenciesInstalled(root) {
  const wanted = packagesOf(join(root, 'package-lock.json'))
  const installed = packagesOf(join(root, 'node_modules/.package-lock.json'))
  if (!wanted) throw new Error(`${join(root, 'package-lock.json')} is missing: this is not a complete checkout.`)
  if (!installed) return false
  return Object.entries(wanted)
    .filter(([path]) => path.startsWith('node_modules/'))
    .every(([path, entry]) => {
      const found = installed[path]
      if (!found) return isForOthers(entry)
      return found.version === entry.version && found.integrity === entry.integrity
    })
}

function isForOthers({ optional, os, cpu }) {
  return optional === true || (os && !os.includes(process.platform)) || (cpu && !cpu.includes(process.arch))
}

function packagesOf(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages
  } catch (error) {
    if (error.code === 'ENOENT') return undefined
    throw error
  }
}
