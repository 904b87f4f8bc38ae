import type { JSX, ReactNode } from 'react'

import type { Pages } from '../api/use-pages.ts'
import { Pager } from '../ui/table.tsx'
import { ProblemNotice } from './problem-notice.tsx'

interface PagedListProps {
  /** The answer to a question for one page of the list. */
  readonly list: {
    readonly data: { readonly items: readonly unknown[]; readonly next: string | null } | undefined
    readonly error: Error | null
  }
  readonly pages: Pages
  /** Says how many items are shown. */
  readonly shown?: (count: number) => string
  /** The table; it holds its own place while the answer is on its way. */
  readonly children: ReactNode
}

/** Shows one page of a list with the way through it, or why there is none to be shown. */
export function PagedList({ list: { data, error }, pages, shown, children }: PagedListProps): JSX.Element {
  if (error !== null) return <ProblemNotice problem={error} />
  return (
    <>
      {children}
      {data === undefined ? null : (
        <Pager previous={pages.previous} next={pages.nextOf(data.next)}>
          {shown?.(data.items.length)}
        </Pager>
      )}
    </>
  )
}
