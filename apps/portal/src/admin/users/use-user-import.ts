import { answerOf, type operations } from '@sallyport/api-client'
import { useState } from 'react'

import { api } from '../../api/api.ts'
import { useAct } from '../../session/use-act.ts'
import { MAX_FILE_BYTES } from './import-files.ts'
import { useUserAct } from './use-user-act.ts'

/** What an import did, or would do. */
export type ImportReport = operations['userImportRun']['responses'][200]['content']['application/json']

/** Where an import stands. */
export interface UserImport {
  readonly file: File | undefined
  readonly report: ImportReport | undefined
  readonly problem: unknown
  readonly isTooLarge: boolean
  readonly busy: 'checking' | 'creating' | undefined
  /** Takes a file and has the service tell what it would do. */
  readonly check: (file: File) => Promise<void>
  /** Creates its users. */
  readonly create: () => Promise<void>
  /** Begins anew. */
  readonly reset: () => void
}

/** Keeps an import from the choice of a file to its result. */
export function useUserImport(): UserImport {
  const look = useAct([])
  const change = useUserAct()
  const [file, setFile] = useState<File>()
  const [report, setReport] = useState<ImportReport>()
  const [problem, setProblem] = useState<unknown>()
  const [busy, setBusy] = useState<UserImport['busy']>()
  const isTooLarge = file !== undefined && file.size > MAX_FILE_BYTES
  const run = async (given: File, how: 'checking' | 'creating'): Promise<void> => {
    setBusy(how)
    setProblem(undefined)
    try {
      const isDryRun = how === 'checking'
      const act = isDryRun ? look : change
      await act(async () => {
        setReport(await send(given, isDryRun))
      })
    } catch (error) {
      setProblem(error)
    } finally {
      setBusy(undefined)
    }
  }
  return {
    ...{ file, report, problem, isTooLarge, busy },
    check: async (given) => {
      setFile(given)
      setReport(undefined)
      setProblem(undefined)
      if (given.size <= MAX_FILE_BYTES) await run(given, 'checking')
    },
    create: async () => {
      if (file !== undefined) await run(file, 'creating')
    },
    reset: () => {
      setFile(undefined)
      setReport(undefined)
      setProblem(undefined)
    },
  }
}

async function send(file: File, dryRun: boolean): Promise<ImportReport> {
  return answerOf(
    api.POST('/api/v1/users/import', {
      params: { query: { dryRun: dryRun ? 'true' : 'false' } },
      body: await file.text(),
      bodySerializer: () => file,
      headers: { 'content-type': 'text/csv' },
    }),
  )
}
