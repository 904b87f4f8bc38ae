import { createLink } from '@tanstack/react-router'
import type { ComponentProps, JSX, ReactNode } from 'react'

import styles from './button.module.css'
import { classNames } from './class-names.ts'

interface Look {
  readonly variant?: 'primary' | 'secondary' | 'quiet' | 'danger'
  readonly size?: 'normal' | 'small'
  readonly wide?: boolean
  /** An icon before the text; with `label` it stands alone. */
  readonly icon?: ReactNode
}

type ButtonProps = Omit<ComponentProps<'button'>, 'aria-label'> &
  Look & {
    /** Something is under way: the button shows it and cannot be pressed again, but keeps the focus. */
    readonly busy?: boolean
    /** What an icon alone means; also its tool tip. */
    readonly label?: string
  }

/** Shows a button. */
export function Button(props: ButtonProps): JSX.Element {
  const {
    variant,
    size,
    wide,
    icon,
    busy = false,
    label,
    children,
    className,
    onClick,
    type = 'button',
    ...rest
  } = props
  const isIconOnly = label !== undefined && children === undefined
  return (
    <button
      {...rest}
      type={type}
      aria-label={label}
      title={label}
      aria-disabled={busy ? true : undefined}
      className={classNames(lookOf({ variant, size, wide }), isIconOnly && styles.iconOnly, className)}
      onClick={(event) => {
        if (busy) event.preventDefault()
        else onClick?.(event)
      }}
    >
      {busy ? <span className={styles.spinner} aria-hidden="true" /> : icon}
      {children}
    </button>
  )
}

type AnchorProps = ComponentProps<'a'> & Look

/** Shows a link to somewhere else, or a download, as a button. */
export function AnchorButton({ variant, size, wide, icon, children, className, ...rest }: AnchorProps): JSX.Element {
  return (
    <a {...rest} className={classNames(lookOf({ variant, size, wide }), className)}>
      {icon}
      {children}
    </a>
  )
}

/** Shows a link to another page of the portal as a button. */
export const LinkButton = createLink(AnchorButton)

function lookOf({ variant = 'secondary', size, wide }: { [Name in keyof Look]: Look[Name] | undefined }): string {
  return classNames(styles.button, styles[variant], size === 'small' && styles.small, wide === true && styles.wide)
}
