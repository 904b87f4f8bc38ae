import nx from '@nx/eslint-plugin'
import reactHooks from 'eslint-plugin-react-hooks'
import simpleImportSort from 'eslint-plugin-simple-import-sort'
import tseslint from 'typescript-eslint'

const layer = (source, targets, extra = {}) => ({
  sourceTag: `layer:${source}`,
  onlyDependOnLibsWithTags: targets.map((target) => `layer:${target}`),
  ...extra,
})
const plane = (source, targets) => ({
  sourceTag: `plane:${source}`,
  onlyDependOnLibsWithTags: targets.map((target) => `plane:${target}`),
})

const LAYERS = [
  layer('core', ['core'], { bannedExternalImports: ['*'] }),
  layer('contract', ['core', 'contract'], { allowedExternalImports: ['zod'] }),
  layer('native', ['core', 'native'], { bannedExternalImports: ['*'] }),
  layer('adapter', ['core', 'contract', 'native', 'adapter'], { bannedExternalImports: ['@nestjs/*'] }),
  layer('app', ['core', 'contract', 'native', 'adapter']),
  layer('test', ['core', 'contract', 'native', 'adapter', 'test']),
  layer('tool', ['core', 'contract', 'native', 'adapter', 'test', 'tool']),
]
/** Specs may also see the test kit, and npm packages that the product code of a core library may not. */
const SPEC_LAYERS = LAYERS.map(({ sourceTag, onlyDependOnLibsWithTags }) => ({
  sourceTag,
  onlyDependOnLibsWithTags: [...new Set([...onlyDependOnLibsWithTags, 'layer:test'])],
}))
const PLANES = [
  plane('shared', ['shared']),
  plane('control', ['control', 'shared']),
  plane('data', ['data', 'shared']),
  plane('web', ['web', 'shared']),
  plane('tool', ['tool', 'control', 'data', 'shared']),
]
const boundaries = (constraints) => [
  'error',
  { enforceBuildableLibDependency: false, allowCircularSelfDependency: true, depConstraints: constraints },
]

const SPECS = ['**/*.spec.ts', '**/*.compliance.ts', 'libs/*/src/testing/**/*.ts']
const CORE = ['foundation', 'ip-network', 'mfa-policy', 'openvpn-wire', 'openvpn-session'].map(
  (name) => `libs/${name}/src/**/*.ts`,
)

export default tseslint.config(
  {
    ignores: [
      '**/dist/',
      '**/node_modules/',
      '**/generated/',
      '**/native/build/',
      '.nx/',
      '.sallyport/',
      'test/boundaries/',
      '**/*.mjs',
      'eslint.config.js',
      '**/*.config.ts',
    ],
  },
  ...tseslint.configs.strictTypeChecked,
  {
    files: ['**/*.ts', '**/*.tsx'],
    plugins: { '@nx': nx, 'simple-import-sort': simpleImportSort },
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@nx/enforce-module-boundaries': boundaries([...LAYERS, ...PLANES]),
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true, allowStaticOnly: false }],
      '@typescript-eslint/no-unused-vars': ['error', { ignoreUsingDeclarations: true }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      'simple-import-sort/imports': 'error',
      'simple-import-sort/exports': 'error',
      'max-lines': ['error', { max: 400 }],
      'no-restricted-syntax': [
        'error',
        { selector: 'TSEnumDeclaration', message: 'Use a frozen `as const` object and a type of the same name.' },
        { selector: 'ExportAllDeclaration', message: 'List the exports by name.' },
        { selector: 'ExportDefaultDeclaration', message: 'Use a named export.' },
        {
          selector:
            'CallExpression[callee.property.name="toMatchObject"] :matches(Property, ArrayExpression) > Literal[regex]',
          message: 'A regular expression matches everything here: use expect.stringMatching().',
        },
      ],
      eqeqeq: 'error',
    },
  },
  { files: ['apps/portal/**/*.{ts,tsx}'], ...reactHooks.configs.flat['recommended-latest'] },
  {
    // TanStack Router's way to another page is to throw it.
    files: ['apps/portal/src/routes.tsx', 'apps/portal/src/*/routes.tsx'],
    rules: { '@typescript-eslint/only-throw-error': 'off' },
  },
  {
    files: CORE,
    ignores: [...SPECS, 'libs/openvpn-wire/src/crypto/node-suite.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        { patterns: [{ group: ['node:*', '!node:buffer'], message: 'The core is sans-I/O: take it as an argument.' }] },
      ],
      'no-restricted-globals': ['error', 'process', 'fetch', 'setTimeout', 'setInterval', 'setImmediate'],
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now', message: 'Time is an argument in the core.' },
        { object: 'Math', property: 'random', message: 'Randomness is an argument in the core.' },
      ],
    },
  },
  {
    files: SPECS,
    rules: {
      '@nx/enforce-module-boundaries': boundaries([...SPEC_LAYERS, ...PLANES]),
      '@typescript-eslint/explicit-module-boundary-types': 'off',
    },
  },
)
