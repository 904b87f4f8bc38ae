import { AlertDialog } from '@base-ui/react/alert-dialog'
import { Dialog as Modal } from '@base-ui/react/dialog'
import { RotateCcw, TriangleAlert, X } from 'lucide-react'
import { type JSX, type ReactNode, useState } from 'react'
import { useTranslations } from 'use-intl'

import { useProblemText } from '../api/problem-text.ts'
import { LeaveContext, leaveScope, useInnerScope } from '../session/leaving.ts'
import { NotProvenError, useProof } from '../session/proof.ts'
import { Button } from './button.tsx'
import { classNames } from './class-names.ts'
import styles from './dialog.module.css'
import { TextField } from './field.tsx'
import { Notice } from './notice.tsx'

interface DialogProps {
  readonly open: boolean
  readonly onClose: () => void
  readonly title: ReactNode
  readonly description?: ReactNode
  readonly wide?: boolean
  readonly children: ReactNode
}

/** Shows something above the page until it is done or given up; asks first where giving up loses something inside it. */
export function Dialog({ open, onClose, title, description, wide = false, children }: DialogProps): JSX.Element {
  const t = useTranslations('common')
  const scope = useInnerScope()
  return (
    <Modal.Root
      open={open}
      onOpenChange={(isOpen) => {
        if (!isOpen) leaveScope(scope, onClose)
      }}
    >
      <Modal.Portal>
        <Modal.Backdrop className={styles.backdrop} />
        <Modal.Viewport className={styles.viewport}>
          <Modal.Popup className={classNames(styles.popup, wide && styles.wide)}>
            <div className={styles.head}>
              <Modal.Title className={styles.title}>{title}</Modal.Title>
              <Modal.Close
                render={
                  <Button variant="quiet" size="small" label={t('close')} icon={<X size={18} aria-hidden="true" />} />
                }
              />
            </div>
            {description === undefined ? null : (
              <Modal.Description className={styles.description}>{description}</Modal.Description>
            )}
            <LeaveContext value={scope}>{children}</LeaveContext>
          </Modal.Popup>
        </Modal.Viewport>
      </Modal.Portal>
    </Modal.Root>
  )
}

/** The row of buttons at the end of a dialog or form; the one that does it comes last. */
export function DialogActions({ children }: { readonly children: ReactNode }): JSX.Element {
  return <div className={styles.actions}>{children}</div>
}

interface ConfirmDialogProps {
  readonly open: boolean
  readonly onClose: () => void
  /** Names the act and its object, as a question. */
  readonly title: ReactNode
  /** What will happen, to whom, and when. */
  readonly children: ReactNode
  /** How it can be undone; absent when it cannot, which is then said. */
  readonly undo?: ReactNode
  /** The act in a word or two; never «OK». */
  readonly confirm: string
  /** What not doing it is called; «Cancel» if absent. */
  readonly cancel?: string
  /** What has to be typed before it can be done, for example a name: for what takes much away for ever. */
  readonly typed?: string
  /** Does it; what it throws is shown and the dialog stays. */
  readonly onConfirm: () => Promise<unknown>
}

/** Asks before an act that takes something away: says what it does, and how it can be undone or that it cannot. */
export function ConfirmDialog({
  open,
  onClose,
  title,
  children,
  undo,
  confirm,
  cancel,
  typed,
  onConfirm,
}: ConfirmDialogProps): JSX.Element {
  const t = useTranslations('common')
  const problemText = useProblemText()
  const withProof = useProof()
  const [busy, setBusy] = useState(false)
  const [text, setText] = useState('')
  const [problem, setProblem] = useState<unknown>()
  const isTyped = typed === undefined || text.trim() === typed
  const act = async (): Promise<void> => {
    setBusy(true)
    setProblem(undefined)
    try {
      await withProof(onConfirm)
      onClose()
    } catch (error) {
      if (!(error instanceof NotProvenError)) setProblem(error)
    } finally {
      setBusy(false)
    }
  }
  return (
    <AlertDialog.Root
      open={open}
      onOpenChange={(isOpen) => {
        if (isOpen || busy) return
        setProblem(undefined)
        onClose()
      }}
    >
      <AlertDialog.Portal>
        <AlertDialog.Backdrop className={styles.backdrop} />
        <AlertDialog.Viewport className={styles.viewport}>
          <AlertDialog.Popup className={styles.popup}>
            <AlertDialog.Title className={styles.title}>{title}</AlertDialog.Title>
            <AlertDialog.Description render={<div />}>{children}</AlertDialog.Description>
            {undo === undefined ? (
              <p className={classNames(styles.consequence, styles.final)}>
                <TriangleAlert size={18} aria-hidden="true" />
                {t('cannotBeUndone')}
              </p>
            ) : (
              <p className={styles.consequence}>
                <RotateCcw size={18} aria-hidden="true" />
                {undo}
              </p>
            )}
            {typed === undefined ? null : (
              <TextField
                label={t('typeToConfirm', { text: typed })}
                autoComplete="off"
                autoCapitalize="none"
                spellCheck={false}
                value={text}
                onChange={(event) => {
                  setText(event.target.value)
                }}
                onKeyDown={({ key, nativeEvent }) => {
                  if (key === 'Enter' && !nativeEvent.isComposing && isTyped && !busy) void act()
                }}
              />
            )}
            {problem === undefined ? null : <Notice tone="danger">{problemText(problem)}</Notice>}
            <div className={styles.actions}>
              <AlertDialog.Close render={<Button>{cancel ?? t('cancel')}</Button>} />
              <Button variant="danger" busy={busy} disabled={!isTyped} onClick={() => void act()}>
                {confirm}
              </Button>
            </div>
          </AlertDialog.Popup>
        </AlertDialog.Viewport>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  )
}
