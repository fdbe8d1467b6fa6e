import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';
// The extension: Vite is about to load its configuration natively.
import { offline } from './src/ui/offline/plugin.ts';

// On a busy machine the bundler says which plugin was slow; whoever starts the page can do nothing about it.
const checks = { bundlerTimings: false };

export default defineConfig({
  // Relative, so that `dist/` works under any sub-path of any static server.
  base: './',
  plugins: [svelte({ configFile: false, compilerOptions: { runes: true } }), offline(), withoutPolicy()],
  worker: { format: 'es', rolldownOptions: { checks } },
  build: {
    target: 'esnext',
    // `data:` URLs of fonts would need a wider policy; every asset is a file of our origin.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1500,
    rolldownOptions: { checks },
  },
  // Pre-bundling would separate onnxruntime's loader from its wasm file.
  optimizeDeps: { exclude: ['onnxruntime-web', '@huggingface/transformers'] },
});

/** The developer server injects inline styles; only there the page's policy is taken out. */
function withoutPolicy() {
  return {
    name: 'polylogue-no-policy-in-dev',
    apply: 'serve' as const,
    transformIndexHtml: (html: string) => html.replace(/<meta\s+http-equiv="Content-Security-Policy"[^>]*>/, ''),
  };
}
