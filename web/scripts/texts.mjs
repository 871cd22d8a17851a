// Checks the texts of the app: both languages have the same keys with the same placeholders, nothing that the code asks
// for is missing, and nothing is kept that no code asks for. Ends with 1 when something is wrong.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const source = fileURLToPath(new URL('../src/', import.meta.url));
const LANGUAGES = ['vi', 'en'];
const PLURAL = /_(zero|one|two|few|many|other)$/;
const problems = [];

function flat(node, prefix = '', into = {}) {
  for (const [name, value] of Object.entries(node)) {
    const key = prefix ? `${prefix}.${name}` : name;
    if (value && typeof value === 'object') flat(value, key, into);
    else into[key] = value;
  }
  return into;
}

function placeholders(text) {
  return [...String(text).matchAll(/\{\{\s*-?\s*([\w.]+)/g)].map((found) => found[1]).sort();
}

const namespaces = new Set();
const texts = {};
for (const language of LANGUAGES) {
  const folder = join(source, 'texts', language);
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.json'))) {
    const namespace = basename(file, '.json');
    namespaces.add(namespace);
    try {
      (texts[namespace] ??= {})[language] = flat(JSON.parse(readFileSync(join(folder, file), 'utf8')));
    } catch (error) {
      problems.push(`${language}/${file}: ${error.message}`);
    }
  }
}

const plain = (key) => key.replace(PLURAL, '');
for (const namespace of namespaces) {
  const { vi = {}, en = {} } = texts[namespace];
  const keys = { vi: new Set(Object.keys(vi).map(plain)), en: new Set(Object.keys(en).map(plain)) };
  for (const [one, other] of [['vi', 'en'], ['en', 'vi']]) {
    for (const key of keys[one]) if (!keys[other].has(key)) problems.push(`${namespace}: ${key} is in ${one} and not in ${other}`);
  }
  for (const language of LANGUAGES) {
    for (const [key, text] of Object.entries(texts[namespace][language] ?? {})) {
      if (typeof text !== 'string' || text.trim() === '') problems.push(`${language}/${namespace}: ${key} is empty`);
      const plural = PLURAL.exec(key)?.[1];
      if (plural && language === 'vi' && plural !== 'other') problems.push(`vi/${namespace}: ${key}: Vietnamese has one form, _other`);
      if (plural === 'one' && language === 'en' && !(`${plain(key)}_other` in en)) problems.push(`en/${namespace}: ${key} without _other`);
    }
  }
  for (const key of keys.vi) {
    const of = (language) => {
      const found = texts[namespace][language] ?? {};
      const text = found[key] ?? found[`${key}_other`];
      return text === undefined ? null : placeholders(text).join(',');
    };
    const [vi, en] = [of('vi'), of('en')];
    if (vi !== null && en !== null && vi !== en) problems.push(`${namespace}: ${key}: placeholders differ: vi (${vi}), en (${en})`);
  }
}

const files = [];
(function walk(folder) {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) name === 'texts' || walk(path);
    else if (/\.tsx?$/.test(name) && !/\.test\.tsx?$/.test(name) && !name.endsWith('.d.ts')) files.push(path);
  }
})(source);

const literals = new Set();
const prefixes = new Set();
const has = (namespace, key) => {
  const found = texts[namespace]?.vi ?? {};
  return key in found || `${key}_other` in found;
};
for (const path of files) {
  const code = readFileSync(path, 'utf8');
  const here = path.slice(source.length);
  for (const [, text] of code.matchAll(/['"`]([\w:.-]+)['"`]/g)) literals.add(text);
  for (const [, prefix] of code.matchAll(/`([\w:.-]*[\w])\.?(?=\$\{)/g)) prefixes.add(prefix);
  for (const [, prefix] of code.matchAll(/`([\w:.-]+[._-])\$\{/g)) prefixes.add(prefix);
  const used = new Set(['common']);
  for (const [, one] of code.matchAll(/(?:useTranslation|getFixedT)\(\s*(?:[^,)]*,\s*)?['"]([\w-]+)['"]/g)) used.add(one);
  for (const [, many] of code.matchAll(/useTranslation\(\s*\[([^\]]*)\]/g)) for (const [, one] of many.matchAll(/['"]([\w-]+)['"]/g)) used.add(one);
  const saysNamespace = used.size > 1;
  for (const [, key] of code.matchAll(/\bt\(\s*['"]([^'"$]+)['"]/g)) {
    const [namespace, name] = key.includes(':') ? key.split(':') : [null, key];
    const isThere = namespace ? has(namespace, name) : [...used].some((one) => has(one, name));
    // A function that is given its `t` is checked where its key is known: in any area.
    const isSomewhere = !namespace && !saysNamespace && [...namespaces].some((one) => has(one, name));
    if (!isThere && !isSomewhere) problems.push(`${here}: t('${key}') is in no file of texts (${[...used].join(', ')})`);
  }
}
for (const namespace of namespaces) {
  const asked = (key) => {
    if (literals.has(key) || literals.has(`${namespace}:${key}`)) return true;
    return [...prefixes].some((prefix) => {
      const name = prefix.startsWith(`${namespace}:`) ? prefix.slice(namespace.length + 1) : prefix;
      return name.length > 0 && key.startsWith(name);
    });
  };
  for (const key of new Set(Object.keys(texts[namespace].vi ?? {}).map(plain))) {
    if (!asked(key)) problems.push(`${namespace}: ${key} is used nowhere`);
  }
}

for (const problem of [...new Set(problems)].sort()) console.error(problem);
const count = [...namespaces].reduce((sum, one) => sum + Object.keys(texts[one].vi ?? {}).length, 0);
console.log(`texts: ${count} keys in ${namespaces.size} areas, ${problems.length} problems`);
process.exit(problems.length ? 1 : 0);
