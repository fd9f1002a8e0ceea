import tailwindcss from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { initialSizeLimit } from './scripts/initial-size.ts';

// `npm run dev` shows the API that BACKFILL_URL names.
const api = process.env.BACKFILL_URL ?? 'http://127.0.0.1:8080';

export default defineConfig({
  // Relative: the server says by <base href> below which path the dashboard is.
  base: './',
  plugins: [react(), tailwindcss(), initialSizeLimit({ kilobytes: 250 })],
  resolve: { alias: { '@': fileURLToPath(new URL('src', import.meta.url)) } },
  build: { target: 'es2022', assetsInlineLimit: 0 },
  server: { proxy: { '/api': api } },
  test: { include: ['src/**/*.test.ts'] },
});
