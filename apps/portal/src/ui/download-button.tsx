import { Download } from 'lucide-react'
import type { JSX } from 'react'

import { Button } from './button.tsx'
import { saveFile } from './save-file.ts'

interface DownloadButtonProps {
  readonly label: string
  readonly fileName: string
  readonly text: string
  /** Media type of the file. */
  readonly type: string
  readonly size?: 'small' | 'normal'
  readonly onSaved?: () => void
}

/** Saves a text that the page has as a file. */
export function DownloadButton(props: DownloadButtonProps): JSX.Element {
  const { label, fileName, text, type, size = 'normal', onSaved } = props
  return (
    <Button
      size={size}
      icon={<Download size={16} aria-hidden="true" />}
      onClick={() => {
        saveFile(fileName, text, type)
        onSaved?.()
      }}
    >
      {label}
    </Button>
  )
}
