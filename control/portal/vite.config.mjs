// One build an entry: BANKEN_ENTRY is "site" (the mitigator's pages) or "centre".
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const entry = process.env.BANKEN_ENTRY ?? 'site';
const here = (path) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: here(`entries/${entry}`),
  base: './',
  cacheDir: here('node_modules/.vite'),
  esbuild: { jsx: 'automatic', jsxImportSource: 'preact', legalComments: 'none' },
  build: {
    outDir: process.env.BANKEN_OUT ?? here(`dist/${entry}`),
    emptyOutDir: true,
    target: 'es2020',
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    reportCompressedSize: false,
  },
});
