import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** `vite` beside a running `penstock up`: the page is rebuilt as it is written, data come from the range. */
const RANGE = 'http://127.0.0.1:8080';

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react()],
  build: {
    target: 'es2023',
    // The page's security policy allows files of its own only, no data: addresses.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  server: { proxy: { '/api': RANGE, '/socket.io': { target: RANGE, ws: true } } },
});
