import { FileUp } from 'lucide-react'
import type { ComponentProps, JSX } from 'react'

import styles from './file-button.module.css'

interface FileButtonProps extends Omit<ComponentProps<'input'>, 'type' | 'value' | 'className' | 'onChange'> {
  readonly label: string
  /** Hears of the same file again, too: it may have been mended meanwhile. */
  readonly onFile: (file: File) => void
}

/** Takes a file that is chosen or dropped. The browser's own button speaks its language, which need not be the reader's. */
export function FileButton({ label, onFile, ...rest }: FileButtonProps): JSX.Element {
  return (
    <label className={styles.button}>
      <FileUp size={18} aria-hidden="true" />
      {label}
      <input
        {...rest}
        type="file"
        className={styles.input}
        onChange={({ target }) => {
          const [file] = target.files ?? []
          target.value = ''
          if (file !== undefined) onFile(file)
        }}
      />
    </label>
  )
}
