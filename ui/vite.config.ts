import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

/** `vite` beside a running `penstock up`: the page is rebuilt as it is written, data come from the range. */
const RANGE = 'http://127.0.0.1:8080';
/** Smaller files do not gain by it; fonts are compressed already. */
const WORTH_BYTES = 1024;
const COMPRESSIBLE = /\.(js|css|html|svg|json)$/;

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react(), precompressed()],
  build: {
    target: 'es2023',
    // The page's security policy allows files of its own only, no data: addresses.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    // The 3D engine is one chunk, loaded when the plant is first shown.
    chunkSizeWarningLimit: 800,
  },
  server: { proxy: { '/api': RANGE, '/socket.io': { target: RANGE, ws: true } } },
});

/** Each file once more as gzip and as Brotli, made here and not for every request. */
function precompressed(): Plugin {
  return {
    name: 'precompressed',
    apply: 'build',
    enforce: 'post',
    generateBundle: {
      order: 'post',
      handler(_options, bundle) {
        for (const [fileName, file] of Object.entries(bundle)) {
          const content = Buffer.from(file.type === 'chunk' ? file.code : file.source);
          if (!COMPRESSIBLE.test(fileName) || content.length < WORTH_BYTES) continue;
          const brotli = brotliCompressSync(content, {
            params: { [constants.BROTLI_PARAM_QUALITY]: 9, [constants.BROTLI_PARAM_SIZE_HINT]: content.length },
          });
          this.emitFile({ type: 'asset', fileName: `${fileName}.gz`, source: gzipSync(content, { level: 9 }) });
          this.emitFile({ type: 'asset', fileName: `${fileName}.br`, source: brotli });
        }
      },
    },
  };
}
