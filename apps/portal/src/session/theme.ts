/** How the portal looks: by the system's choice, or by the reader's own. */
export const THEMES = ['system', 'light', 'dark'] as const
export type Theme = (typeof THEMES)[number]

const STORAGE_KEY = 'theme'

/** Reads what was chosen in this browser. */
export function storedTheme(): Theme {
  try {
    const stored = localStorage.getItem(STORAGE_KEY)
    return THEMES.find((theme) => theme === stored) ?? 'system'
  } catch {
    return 'system'
  }
}

/** Shows the portal in a theme and remembers it. */
export function chooseTheme(theme: Theme): void {
  show(theme)
  try {
    localStorage.setItem(STORAGE_KEY, theme)
  } catch {
    // It lasts until the page is left.
  }
}

/** Shows the portal in the theme of an earlier choice. */
export function showStoredTheme(): void {
  show(storedTheme())
}

function show(theme: Theme): void {
  if (theme === 'system') delete document.documentElement.dataset['theme']
  else document.documentElement.dataset['theme'] = theme
}
