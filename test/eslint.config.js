// What the linter owns: promises that nobody awaits, values that may be anything, and Svelte's own traps. Layout is Prettier's.
import svelte from 'eslint-plugin-svelte';
import ts from 'typescript-eslint';

export default ts.config(
  { ignores: ['**/dist/', '**/node_modules/', '**/.cache/', 'public/', 'test/out/'] },
  ...ts.configs.recommended,
  ...svelte.configs.recommended,
  {
    files: ['**/*.ts', '**/*.svelte', '**/*.svelte.ts'],
    languageOptions: {
      parserOptions: {
        projectService: true,
        extraFileExtensions: ['.svelte'],
        parser: ts.parser,
        tsconfigRootDir: `${import.meta.dirname}/..`,
      },
    },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: false }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      'no-restricted-globals': ['error', 'eval'],
      'no-eval': 'error',
      'no-implied-eval': 'error',
      'svelte/no-at-html-tags': 'error',
      // A `style` attribute in markup would need a wider policy; `style:` directives go through the CSSOM, which it allows.
      'no-restricted-syntax': ['error', { selector: "SvelteAttribute[key.name='style']", message: 'use a class or a style: directive' }],
      // The hash is our router; there is no SvelteKit to resolve paths.
      'svelte/no-navigation-without-resolve': 'off',
      // Maps and sets here are replaced wholesale under $state.raw; reactive copies would only cost.
      'svelte/prefer-svelte-reactivity': 'off',
    },
  },
  { files: ['**/*.js'], ...ts.configs.disableTypeChecked },
);
