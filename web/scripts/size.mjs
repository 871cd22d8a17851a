// How much a browser loads before it shows a page: scripts/size.mjs DIR. Ends with 1 when a budget is passed, or when
// chunks need each other in a circle.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

const built = process.argv[2];
const assets = join(built, 'assets');
const names = readdirSync(assets).filter((name) => name.endsWith('.gz'));
const size = (name) => statSync(join(assets, `${name}.gz`)).size;
const index = readFileSync(join(built, 'index.html'), 'utf8');
const first = [...index.matchAll(/assets\/([\w.-]+\.(?:js|css))/g)].map((found) => found[1]);
const BUDGETS = { first: 220_000, chunk: 225_000 };

const sum = first.reduce((bytes, name) => bytes + size(name), 0);
const chunks = names.map((name) => name.slice(0, -3)).filter((name) => /\.js$/.test(name));
const largest = chunks.map((name) => [size(name), name]).sort((a, b) => b[0] - a[0]);
const total = readdirSync(assets).reduce((bytes, name) => bytes + (/\.(br|woff2)$/.test(name) ? statSync(join(assets, name)).size : 0), 0);
console.log(`first load ${(sum / 1000).toFixed(1)} kB gzip of ${BUDGETS.first / 1000}: ${first.join(', ')}`);
for (const [bytes, name] of largest.slice(0, 6)) console.log(`chunk ${(bytes / 1000).toFixed(1)} kB gzip  ${name}`);
console.log(`everything ${(total / 1e6).toFixed(2)} MB, brotli and fonts`);

// Chunks that need each other are run in an order in which one of them finds the other empty.
const needs = new Map(chunks.map((name) => {
  const code = gunzipSync(readFileSync(join(assets, `${name}.gz`))).toString();
  return [name, [...code.matchAll(/(?:from|import)\s*["'`]\.\/([\w.~-]+\.js)["'`]/g)].map((found) => found[1])];
}));
const done = new Set();
const circles = [];
function walk(name, way) {
  if (way.includes(name)) circles.push([...way.slice(way.indexOf(name)), name].join(' > '));
  if (way.includes(name) || done.has(name)) return;
  for (const next of needs.get(name) ?? []) walk(next, [...way, name]);
  done.add(name);
}
for (const name of chunks) walk(name, []);
for (const circle of circles) console.error(`in a circle: ${circle}`);

const tooLarge = largest.filter(([bytes]) => bytes > BUDGETS.chunk);
if (sum > BUDGETS.first || tooLarge.length || circles.length) {
  if (sum > BUDGETS.first || tooLarge.length) console.error('over budget');
  process.exit(1);
}
