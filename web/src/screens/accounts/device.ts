/** What a browser calls itself, in words that its owner knows. */
const BROWSERS: [RegExp, string][] = [
  [/Zalo/i, 'Zalo'], [/coc_coc_browser/i, 'Cốc Cốc'], [/Edg(e|A|iOS)?\//, 'Edge'], [/OPR\/|Opera/, 'Opera'], [/SamsungBrowser/, 'Samsung Internet'],
  [/Firefox|FxiOS/, 'Firefox'], [/Chrome|CriOS|HeadlessChrome/, 'Chrome'], [/Safari/, 'Safari'], [/curl|python|node|axios/i, 'API'],
];
const SYSTEMS: [RegExp, string][] = [
  [/iPhone/, 'iPhone'], [/iPad/, 'iPad'], [/Android/, 'Android'], [/Windows/, 'Windows'], [/Mac OS X|Macintosh/, 'macOS'], [/CrOS/, 'ChromeOS'], [/Linux/, 'Linux'],
];

export function device(agent: string): { browser: string; system: string; isPhone: boolean } {
  const of = (table: [RegExp, string][]) => table.find(([pattern]) => pattern.test(agent))?.[1] ?? '';
  return { browser: of(BROWSERS), system: of(SYSTEMS), isPhone: /iPhone|Android.*Mobile|Mobile.*Safari/.test(agent) };
}
