import { readlinkSync } from 'node:fs'
import { setPriority } from 'node:os'
import { parentPort } from 'node:worker_threads'

import { hashSync, verifySync } from '@node-rs/argon2'

import type { PasswordAnswer, PasswordTask } from './password-threads.ts'

/**
 * On Linux each thread has a niceness of its own. A tenth of the weight of the others: they come first, and passwords are
 * still checked beside other programs that leave no processor idle.
 */
const NICENESS = 10

giveWay()
parentPort?.on('message', (task: PasswordTask) => {
  parentPort?.postMessage(answerOf(task))
})

function answerOf(task: PasswordTask): PasswordAnswer {
  try {
    const { password } = task
    return {
      value: task.kind === 'hash' ? hashSync(password, task.options) : verifySync(task.passwordHash, password),
    }
  } catch (error) {
    return { problem: error instanceof Error ? error.message : 'unknown' }
  }
}

/** Without it passwords are checked as well, only less politely. */
function giveWay(): void {
  try {
    const thread = Number(readlinkSync('/proc/thread-self').split('/').at(-1))
    setPriority(thread, NICENESS)
  } catch {
    // Not Linux, or the system forbids it.
  }
}
