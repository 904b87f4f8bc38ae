import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, gzipSync } from 'node:zlib'

import react from '@vitejs/plugin-react'
import { defineConfig, type Plugin } from 'vite'

const TEXT = /\.(js|css|html|svg|json|webmanifest|txt)$/

/** Writes `.br` and `.gz` beside each text, so that the service has nothing to compress. */
function compressed(): Plugin {
  return {
    name: 'compressed',
    apply: 'build',
    writeBundle({ dir = 'dist' }) {
      for (const entry of readdirSync(dir, { recursive: true, encoding: 'utf8' })) {
        if (!TEXT.test(entry)) continue
        const content = readFileSync(join(dir, entry))
        writeFileSync(join(dir, `${entry}.br`), brotliCompressSync(content))
        writeFileSync(join(dir, `${entry}.gz`), gzipSync(content, { level: 9 }))
      }
    },
  }
}

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react(), compressed()],
  resolve: { conditions: ['@sallyport/source', 'module', 'browser', 'development|production'] },
  build: {
    target: 'es2022',
    // The policy of the pages allows no inline content, and data: for images only.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: {
      output: {
        codeSplitting: {
          // What every visit needs comes in few files, and so does what several pages share: each file costs a request. The
          // pages of administrators and operators, and what only they share, stay files of their own.
          groups: [
            { name: 'libraries', tags: ['$initial'], test: /[\\/]node_modules[\\/]/, priority: 2 },
            { name: 'portal', tags: ['$initial'], priority: 1 },
            { name: 'icons', test: /[\\/]lucide-react[\\/]/, minShareCount: 2 },
            { name: 'kit', test: /[\\/]src[\\/](?:api|session|ui)[\\/]/, minShareCount: 2 },
            { name: 'entry', test: /[\\/]src[\\/]entry[\\/]/, minShareCount: 2 },
            { name: 'employee', test: /[\\/]src[\\/]employee[\\/]/, minShareCount: 2 },
          ],
        },
      },
      onLog: (level, log, handle) => void (log.code === 'MODULE_LEVEL_DIRECTIVE' || handle(level, log)),
    },
  },
})
