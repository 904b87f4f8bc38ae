import { Toast } from '@base-ui/react/toast'
import type { JSX, ReactNode } from 'react'
import { useTranslations } from 'use-intl'

import styles from './toast.module.css'

/** Shows for some seconds that something was done, with a way to undo it where there is one. */
export interface Say {
  (text: string, undo?: { readonly label: string; readonly act: () => void }): void
}

/** Gives the function that shows a short message. */
export function useToast(): Say {
  const { add } = Toast.useToastManager()
  return (text, undo) => {
    add(
      undo === undefined ? { title: text } : { title: text, actionProps: { children: undo.label, onClick: undo.act } },
    )
  }
}

/** Makes room for short messages. */
export function ToastArea({ children }: { readonly children: ReactNode }): JSX.Element {
  const t = useTranslations('common')
  return (
    <Toast.Provider>
      {children}
      <Toast.Portal>
        <Toast.Viewport className={styles.viewport} aria-label={t('messages')}>
          <Toasts />
        </Toast.Viewport>
      </Toast.Portal>
    </Toast.Provider>
  )
}

function Toasts(): JSX.Element[] {
  const { toasts } = Toast.useToastManager()
  return toasts.map((toast) => (
    <Toast.Root key={toast.id} toast={toast} className={styles.toast}>
      {/* The name of the message, and no heading of the page. */}
      <Toast.Title render={<p />} />
      {toast.actionProps === undefined ? null : <Toast.Action className={styles.action} />}
    </Toast.Root>
  ))
}
