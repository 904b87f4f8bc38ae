import { type JSX, type ReactNode, useEffect, useId, useRef } from 'react'

import styles from './layout.module.css'

interface PageProps {
  readonly title: string
  readonly lead?: ReactNode
  readonly actions?: ReactNode
  /** `false` where a field of the page has the focus. */
  readonly headingFocus?: boolean
  readonly children: ReactNode
}

/** Shows a page; its heading gets the focus, so that screen readers hear where they are after a change of page. */
export function Page({ title, lead, actions, headingFocus = true, children }: PageProps): JSX.Element {
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    // Where a word may be broken is for headings only.
    document.title = `${title.replaceAll('\u00ad', '')} – Sallyport`
    if (headingFocus) heading.current?.focus({ preventScroll: true })
  }, [title, headingFocus])
  return (
    <div className={styles.page}>
      <div className={styles.pageHead}>
        <div>
          <h1 ref={heading} tabIndex={-1}>
            {title}
          </h1>
          {lead === undefined ? null : <p className={styles.lead}>{lead}</p>}
        </div>
        {actions === undefined ? null : <div className={styles.actions}>{actions}</div>}
      </div>
      {children}
    </div>
  )
}

interface CardProps {
  readonly title?: ReactNode
  readonly lead?: ReactNode
  readonly actions?: ReactNode
  readonly children?: ReactNode
}

/** Shows a part of a page; with a title it is a region of that name. */
export function Card({ title, lead, actions, children }: CardProps): JSX.Element {
  const id = useId()
  if (title === undefined) return <div className={styles.card}>{children}</div>
  return (
    <section className={styles.card} aria-labelledby={id}>
      <div className={styles.cardHead}>
        <div>
          <h2 id={id}>{title}</h2>
          {lead === undefined ? null : <p className={styles.lead}>{lead}</p>}
        </div>
        {actions === undefined ? null : <div className={styles.actions}>{actions}</div>}
      </div>
      {children}
    </section>
  )
}

/** Puts parts below each other. */
export function Stack({ children }: { readonly children: ReactNode }): JSX.Element {
  return <div className={styles.stack}>{children}</div>
}

/** Puts small things beside each other, as far as there is room. */
export function Row({ children }: { readonly children: ReactNode }): JSX.Element {
  return <div className={styles.row}>{children}</div>
}

interface EmptyStateProps {
  readonly icon?: ReactNode
  readonly title: ReactNode
  readonly children?: ReactNode
  readonly action?: ReactNode
}

/** Says that there is nothing, why, and what to do about it. */
export function EmptyState({ icon, title, children, action }: EmptyStateProps): JSX.Element {
  return (
    <div className={styles.empty}>
      {icon}
      <p className={styles.emptyTitle}>{title}</p>
      {children === undefined ? null : <p>{children}</p>}
      {action}
    </div>
  )
}

/** Lists what is known of one thing; entries without a value are left out. */
export function Facts({
  entries,
}: {
  readonly entries: readonly (readonly [name: string, value: ReactNode])[]
}): JSX.Element {
  const known = entries.filter(([, value]) => value !== undefined && value !== null && value !== '')
  return (
    <dl className={styles.facts}>
      {known.map(([name, value]) => (
        <FactEntry key={name} name={name} value={value} />
      ))}
    </dl>
  )
}

function FactEntry({ name, value }: { readonly name: string; readonly value: ReactNode }): JSX.Element {
  return (
    <>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </>
  )
}

interface StatProps {
  readonly label: ReactNode
  readonly value: ReactNode
  readonly note?: ReactNode
}

/** Shows one figure. */
export function Stat({ label, value, note }: StatProps): JSX.Element {
  return (
    <div className={styles.stat}>
      <span className={styles.muted}>{label}</span>
      <span className={styles.statValue}>{value}</span>
      {note === undefined ? null : <span className={styles.muted}>{note}</span>}
    </div>
  )
}

/** Shows text that matters less. */
export function Muted({ children }: { readonly children: ReactNode }): JSX.Element {
  return <span className={styles.muted}>{children}</span>
}

/** Holds the place of what is loading, as high as that will be. */
export function Skeleton({ lines = 3 }: { readonly lines?: number }): JSX.Element {
  return (
    <div className={styles.stack} aria-hidden="true">
      {Array.from({ length: lines }, (_, line) => (
        <div key={line} className={styles.skeleton} />
      ))}
    </div>
  )
}

/** Says something to screen readers only. */
export function VisuallyHidden({ children }: { readonly children: ReactNode }): JSX.Element {
  return <span className={styles.visuallyHidden}>{children}</span>
}
