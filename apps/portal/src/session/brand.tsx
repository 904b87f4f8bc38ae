import { Link } from '@tanstack/react-router'
import { type JSX, useEffect } from 'react'

import styles from './frame.module.css'
import { readableColour } from './readable-colour.ts'

/** What a tenant's branding shows. */
export interface Branding {
  readonly displayName: string | null
  readonly accentColour: string | null
  readonly logoUrl: string | null
}

interface BrandProps {
  readonly branding?: Branding | undefined
  /** Shown when the tenant chose no name of its own. */
  readonly name?: string | undefined
}

/** Shows whose portal this is, with a link to the start page. */
export function Brand({ branding, name = 'Sallyport' }: BrandProps): JSX.Element {
  useAccentColour(branding?.accentColour ?? null)
  const shown = branding?.displayName ?? name
  return (
    <Link to="/" className={styles.brand} title={shown}>
      <img src={branding?.logoUrl ?? '/icon.svg'} alt="" width={36} height={36} />
      <span>{shown}</span>
    </Link>
  )
}

/** Shows the portal in the tenant's colour, or in what is next to it where it could not be read. */
function useAccentColour(colour: string | null): void {
  useEffect(() => {
    const { style } = document.documentElement
    if (colour === null) return
    const light = readableColour(colour, 'light')
    const dark = readableColour(colour, 'dark')
    const properties = {
      '--brand-light': light.colour,
      '--brand-light-text': light.text,
      '--brand-dark': dark.colour,
      '--brand-dark-text': dark.text,
    }
    for (const [name, value] of Object.entries(properties)) style.setProperty(name, value)
    document.documentElement.dataset['branded'] = 'true'
    return () => {
      for (const name of Object.keys(properties)) style.removeProperty(name)
      delete document.documentElement.dataset['branded']
    }
  }, [colour])
}
