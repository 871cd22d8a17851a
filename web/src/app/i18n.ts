/** Texts by language and area, each file loaded when a screen first asks for it. */
import i18next, { type BackendModule } from 'i18next';
import { initReactI18next } from 'react-i18next';

export const LANGUAGES = ['vi', 'en'] as const;
export type Language = (typeof LANGUAGES)[number];

const files = import.meta.glob<{ default: Record<string, unknown> }>('../texts/*/*.json');
const KEPT = 'quaylai.language';

const fileOf = async (language: string, area: string) => {
  const load = files[`../texts/${language}/${area}.json`];
  if (!load) throw new Error(`no texts of ${area} in ${language}`);
  return await load();
};

const backend: BackendModule = {
  type: 'backend',
  init: () => undefined,
  read(language, namespace, done) {
    fileOf(language, namespace).then(
      (file) => done(null, file.default),
      (error: unknown) => done(error instanceof Error ? error : new Error(String(error)), null),
    );
  },
};

function kept(): Language {
  try {
    const told = localStorage.getItem(KEPT);
    if (told === 'vi' || told === 'en') return told;
  } catch {
    // A browser that keeps nothing is spoken to in Vietnamese.
  }
  return 'vi';
}

export function language(): Language {
  return i18next.language === 'en' ? 'en' : 'vi';
}

export async function speak(wanted: Language): Promise<void> {
  try {
    localStorage.setItem(KEPT, wanted);
  } catch {
    // It is spoken for this visit.
  }
  await i18next.changeLanguage(wanted);
  document.documentElement.lang = wanted;
}

const needed = new Set<string>();
let started: Promise<unknown> = Promise.resolve();
let coming: Promise<unknown> = Promise.resolve();

/** Asks for the texts of areas. The build calls it for every module that uses some (vite.config.ts). */
export function needTexts(...areas: string[]): void {
  const fresh = areas.filter((area) => !needed.has(area));
  if (fresh.length === 0) return;
  for (const area of fresh) needed.add(area);
  // The files set out at once, also before there is anything to put them into; what fails is tried again there.
  for (const area of fresh) fileOf(i18next.language ?? kept(), area).catch(() => undefined);
  coming = Promise.all([coming, started.then(() => i18next.loadNamespaces(fresh))]);
}

/** When the texts are there that were asked for so far. */
export async function textsAreThere(): Promise<void> {
  await coming;
}

export async function startTexts(): Promise<void> {
  const first = kept();
  document.documentElement.lang = first;
  started = i18next
    .use(backend)
    .use(initReactI18next)
    .init({
      lng: first,
      supportedLngs: LANGUAGES,
      fallbackLng: false,
      ns: ['common', 'shell'],
      defaultNS: 'common',
      interpolation: { escapeValue: false },
      returnEmptyString: false,
    });
  needTexts('common', 'shell');
  await started;
}
