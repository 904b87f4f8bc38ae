import { type JSX, useState, useSyncExternalStore } from 'react'
import { useTranslations } from 'use-intl'

import { chooseLocale, currentTexts, LOCALES, onTexts, preferredLocale } from '../messages/catalogue.ts'
import styles from './frame.module.css'
import { chooseTheme, storedTheme, THEMES } from './theme.ts'

/** Lets the reader choose language and appearance; kept in this browser only. */
export function Preferences(): JSX.Element {
  const t = useTranslations('common')
  const { locale } = useSyncExternalStore(onTexts, currentTexts)
  const [theme, setTheme] = useState(storedTheme)
  const themeNames = { system: t('themeSystem'), light: t('themeLight'), dark: t('themeDark') }
  return (
    <div className={styles.preferences}>
      <select
        aria-label={t('language')}
        value={locale}
        onChange={(event) => void chooseLocale(preferredLocale(event.target.value, []), true)}
      >
        {Object.entries(LOCALES).map(([tag, name]) => (
          <option key={tag} value={tag} lang={tag}>
            {name}
          </option>
        ))}
      </select>
      <select
        aria-label={t('theme')}
        value={theme}
        onChange={(event) => {
          const chosen = THEMES.find((name) => name === event.target.value) ?? 'system'
          setTheme(chosen)
          chooseTheme(chosen)
        }}
      >
        {THEMES.map((name) => (
          <option key={name} value={name}>
            {themeNames[name]}
          </option>
        ))}
      </select>
    </div>
  )
}
