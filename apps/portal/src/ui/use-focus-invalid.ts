import { type RefObject, useEffect, useRef } from 'react'

/** Gives the reference of a form whose first wrong field gets the focus when a problem comes up. */
export function useFocusInvalid(problem: unknown): RefObject<HTMLFormElement | null> {
  const form = useRef<HTMLFormElement>(null)
  useEffect(() => {
    if (problem === undefined) return
    const field = form.current?.querySelector('input[aria-invalid="true"], textarea[aria-invalid="true"]')
    if (field instanceof HTMLElement) field.focus()
  }, [problem])
  return form
}
