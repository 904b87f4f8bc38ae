import { type JSX, type ReactNode, useSyncExternalStore } from 'react'
import { IntlProvider } from 'use-intl'

import { currentTexts, onTexts, regionalLocale } from './catalogue.ts'

const TIME_ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone

/** Gives everything inside the texts of the chosen language, and the browser's time zone. */
export function TextsProvider({ children }: { readonly children: ReactNode }): JSX.Element {
  const { locale, messages } = useSyncExternalStore(onTexts, currentTexts)
  return (
    <IntlProvider locale={regionalLocale(locale, navigator.languages)} messages={messages} timeZone={TIME_ZONE}>
      {children}
    </IntlProvider>
  )
}
