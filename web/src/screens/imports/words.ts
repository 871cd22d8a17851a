import type { i18n as I18n } from 'i18next';
import type { Preview, Rejected } from './job';

/** What the server remarks, in our own words where there are any. */
export function remarkWords(i18n: I18n, remark: Preview['problems'][number]): string {
  const key = `imports:remark.${remark.code}`;
  return i18n.exists(key) ? i18n.t(`imports:remark.${remark.code}`) : remark.message;
}

/** Why a row was rejected: the server says it in both languages. */
export function reasonOf(row: Rejected, language: string): string {
  return language === 'vi' && row.message_vi ? row.message_vi : row.message;
}
