import { Search } from 'lucide-react'
import { type JSX, type ReactNode, useEffect, useState } from 'react'
import { useTranslations } from 'use-intl'

import { Button } from './button.tsx'
import { classNames } from './class-names.ts'
import { Skeleton, VisuallyHidden } from './layout.tsx'
import styles from './table.module.css'

/** One column; the first one names the row. */
export interface Column<Item> {
  readonly header: string
  readonly cell: (item: Item) => ReactNode
  readonly align?: 'end'
  /** Its header is for screen readers only: buttons of the row. */
  readonly unnamed?: boolean
}

interface DataTableProps<Item> {
  /** What the table lists; read out, not shown. */
  readonly caption: string
  readonly columns: readonly Column<Item>[]
  /** Absent while it loads. */
  readonly items: readonly Item[] | undefined
  readonly keyOf: (item: Item) => string
  /** Shown in the place of an empty table. */
  readonly empty: ReactNode
}

/** Shows a list; on a phone each row becomes a card. */
export function DataTable<Item>({ caption, columns, items, keyOf, empty }: DataTableProps<Item>): JSX.Element {
  if (items === undefined) {
    return (
      <div className={styles.frame} aria-busy="true">
        <div className={styles.table}>
          <Skeleton lines={8} />
        </div>
      </div>
    )
  }
  if (items.length === 0) return <div className={styles.frame}>{empty}</div>
  return (
    <div className={styles.frame} role="region" aria-label={caption} tabIndex={0}>
      <table className={styles.table}>
        <thead>
          <tr>
            {columns.map(({ header, align, unnamed = false }) => (
              <th key={header} scope="col" className={classNames(align === 'end' && styles.end)}>
                {unnamed ? <VisuallyHidden>{header}</VisuallyHidden> : header}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {items.map((item) => (
            <tr key={keyOf(item)}>
              {columns.map(({ header, cell, align, unnamed = false }, index) =>
                index === 0 ? (
                  <th key={header} scope="row">
                    {cell(item)}
                  </th>
                ) : (
                  <td
                    key={header}
                    data-label={unnamed ? '' : header}
                    className={classNames(align === 'end' && styles.end, align === 'end' && styles.number)}
                  >
                    {cell(item)}
                  </td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

interface PagerProps {
  readonly previous: (() => void) | undefined
  readonly next: (() => void) | undefined
  /** What stands at its side, for example how many are shown. */
  readonly children?: ReactNode
}

/** Goes through the pages of a list. */
export function Pager({ previous, next, children }: PagerProps): JSX.Element | null {
  const t = useTranslations('common')
  if (previous === undefined && next === undefined && children === undefined) return null
  return (
    <nav className={styles.foot} aria-label={t('pages')}>
      <span>{children}</span>
      <span>
        <Button size="small" disabled={previous === undefined} onClick={previous}>
          {t('previous')}
        </Button>{' '}
        <Button size="small" disabled={next === undefined} onClick={next}>
          {t('next')}
        </Button>
      </span>
    </nav>
  )
}

/** Holds the search box and the filters above a list. */
export function ListTools({ children }: { readonly children: ReactNode }): JSX.Element {
  return <div className={styles.tools}>{children}</div>
}

const TYPING_PAUSE_MS = 250

interface SearchBoxProps {
  readonly label: string
  readonly value: string
  readonly onChange: (value: string) => void
}

/** Asks for a part of what a list shows; speaks after a pause in the typing. */
export function SearchBox({ label, value, onChange }: SearchBoxProps): JSX.Element {
  const [text, setText] = useState(value)
  useEffect(() => {
    if (text.trim() === value) return
    const timer = setTimeout(() => {
      onChange(text.trim())
    }, TYPING_PAUSE_MS)
    return () => {
      clearTimeout(timer)
    }
  }, [text, value, onChange])
  return (
    <div className={styles.search} role="search">
      <Search size={18} aria-hidden="true" />
      <input
        type="search"
        aria-label={label}
        placeholder={label}
        maxLength={100}
        value={text}
        onChange={(event) => {
          setText(event.target.value)
        }}
      />
    </div>
  )
}
