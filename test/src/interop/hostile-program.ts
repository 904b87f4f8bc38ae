import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

import type { Namespace } from '@sallyport/testkit'

const MAX_OUTPUT_BYTES = 64 * 1024 * 1024

/** Runs a program inside a namespace to its end, or until the signal ends it, and gives its output. */
export async function runInside(namespace: Namespace, signal: AbortSignal, ...command: string[]): Promise<string> {
  // Ends with this process, however that ends.
  const tie = ['setpriv', '--pdeathsig', 'TERM', '--']
  const args = [`--net=/run/netns/${namespace.name}`, '--', ...tie, ...command]
  return (await promisify(execFile)('nsenter', args, { signal, maxBuffer: MAX_OUTPUT_BYTES })).stdout
}

/** Runs works side by side; when one fails the others are ended before it is reported. */
export async function together<Results extends readonly unknown[]>(
  outer: AbortSignal,
  begin: (signal: AbortSignal) => { readonly [Index in keyof Results]: Promise<Results[Index]> },
): Promise<Results> {
  const failure = new AbortController()
  const works = begin(AbortSignal.any([outer, failure.signal]))
  try {
    return await Promise.all(works)
  } catch (error) {
    failure.abort()
    await Promise.allSettled(works)
    throw error
  }
}
