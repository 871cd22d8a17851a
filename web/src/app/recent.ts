/** What somebody went to last by the palette, in this browser, for one shop. */
export interface RecentItem {
  kind: string;
  id: string;
  title: string;
  subtitle: string;
  link: string;
}

const MAX = 6;
const key = (workspace: string) => `quaylai.recent.${workspace}`;

export function recentOf(workspace: string): RecentItem[] {
  try {
    const told = JSON.parse(localStorage.getItem(key(workspace)) ?? '[]') as unknown;
    return Array.isArray(told) ? (told as RecentItem[]).filter((one) => typeof one?.link === 'string').slice(0, MAX) : [];
  } catch {
    return [];
  }
}

export function keepRecent(workspace: string, item: RecentItem): void {
  const others = recentOf(workspace).filter((one) => one.link !== item.link);
  try {
    localStorage.setItem(key(workspace), JSON.stringify([item, ...others].slice(0, MAX)));
  } catch {
    // A browser that keeps nothing has nothing to offer next time.
  }
}
