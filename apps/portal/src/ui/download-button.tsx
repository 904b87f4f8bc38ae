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
}

/** Saves a text that the page has as a file. */
export function DownloadButton({ label, fileName, text, type, size = 'normal' }: DownloadButtonProps): JSX.Element {
  return (
    <Button
      size={size}
      icon={<Download size={16} aria-hidden="true" />}
      onClick={() => {
        saveFile(fileName, text, type)
      }}
    >
      {label}
    </Button>
  )
}
