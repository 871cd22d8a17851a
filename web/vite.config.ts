import react from '@vitejs/plugin-react';
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { defineConfig, type Plugin } from 'vite';

const PACKED = /\.(js|css|svg|json)$/;

/** Leaves text files packed only: the server unpacks for the rare client that takes neither. */
function packed(): Plugin {
  let folder = '';
  return {
    name: 'packed',
    apply: 'build',
    configResolved(config) {
      folder = resolve(config.root, config.build.outDir);
    },
    closeBundle() {
      const walk = (at: string): void => {
        for (const name of readdirSync(at)) {
          const path = join(at, name);
          if (statSync(path).isDirectory()) walk(path);
          else if (PACKED.test(name)) {
            const bytes = readFileSync(path);
            writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }));
            const quality = { [constants.BROTLI_PARAM_QUALITY]: 9 };
            writeFileSync(`${path}.br`, brotliCompressSync(bytes, { params: quality }));
            rmSync(path);
          }
        }
      };
      walk(folder);
    },
  };
}

const STYLES = 'virtual:mantine-styles';
const BASE = ['baseline', 'default-css-variables', 'global'];

/**
 * Gives each of Mantine's parts its own style sheet, so that the style comes with the code that needs it and what is
 * used nowhere is left out. While developing, all of it is loaded.
 */
function mantineStyles(): Plugin {
  let isBuild = true;
  return {
    name: 'mantine-styles',
    enforce: 'pre',
    configResolved(config) {
      isBuild = config.command === 'build';
    },
    resolveId: (id) => (id === STYLES ? `\0${STYLES}` : undefined),
    load(id) {
      if (id !== `\0${STYLES}`) return undefined;
      const names = isBuild ? BASE.map((name) => `styles/${name}.layer.css`) : ['styles.layer.css'];
      return names.map((name) => `import '@mantine/core/${name}';`).join('\n');
    },
    transform(code, id) {
      const name = isBuild ? /@mantine\/core\/esm\/.*\/(\w+)\.module\.mjs$/.exec(id)?.[1] : undefined;
      if (!name) return undefined;
      return { code: `import '@mantine/core/styles/${name}.layer.css';\n${code}`, map: null, moduleSideEffects: false };
    },
  };
}

/**
 * Lets each module ask for its texts when it is loaded (`needTexts`), not when it is drawn first: what is shown already
 * would be hidden again while the texts of one more part are on their way.
 */
function texts(): Plugin {
  const i18n = resolve(import.meta.dirname, 'src/app/i18n.ts');
  return {
    name: 'texts',
    enforce: 'pre',
    transform(code, id) {
      if (!/\/src\/.*\.tsx?$/.test(id)) return undefined;
      const asking = [...code.matchAll(/useTranslation\(([^)]+)\)/g)].map((found) => found[1]).join();
      const areas = new Set([...asking.matchAll(/'(\w+)'/g)].map((found) => found[1]));
      if (areas.size === 0) return undefined;
      const asked = [...areas].map((area) => `'${area}'`).join(', ');
      return { code: `${code}\nimport { needTexts as __needTexts } from ${JSON.stringify(i18n)};\n__needTexts(${asked});`, map: null };
    },
  };
}

// Where the server is while somebody works on the app with `npm run dev`.
const server = process.env.QUAYLAI_API ?? 'http://127.0.0.1:8420';
const proxied = Object.fromEntries(
  ['/api', '/e/', '/media', '/v1', '/sdk.js'].map((path) => [path, { target: server, changeOrigin: false, xfwd: false }]),
);

export default defineConfig({
  base: '/app/',
  plugins: [mantineStyles(), texts(), react(), packed()],
  server: { host: '127.0.0.1', proxy: proxied },
  preview: { host: '127.0.0.1', proxy: proxied },
  build: {
    target: 'es2022',
    sourcemap: false,
    // A font in a style sheet would be loaded whether it is needed or not.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 700,
    rolldownOptions: {
      output: {
        // A page comes in a few files, not in a hundred: each costs a way to the server and back.
        assetFileNames: ({ names }) => `assets/${(names[0] ?? 'file').replace(/~.*(?=\.\w+$)/, '').replace(/\.(\w+)$/, '-[hash].$1')}`,
        chunkFileNames: ({ name }) => `assets/${name.replace(/~.*/, '')}-[hash].js`,
        codeSplitting: {
          groups: [
            { name: 'first', tags: ['$initial'], priority: 4 },
            { name: 'ui', test: /[\\/]node_modules[\\/]/, minShareCount: 7, priority: 3 },
            // Not those that bring texts of their own along.
            { name: 'parts', test: /[\\/]src[\\/](parts|theme)[\\/](?!Reason|events|ConditionEditor)/, minShareCount: 5, priority: 1 },
          ],
        },
      },
    },
    emptyOutDir: true,
  },
});
