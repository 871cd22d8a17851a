import { type ComponentType, lazy, type LazyExoticComponent } from 'react';
import { needTexts, textsAreThere } from './i18n';
import type { Permission } from './session';

/** A page of the app. */
export interface Screen {
  /** As the router writes it, below /app: `/customers/$id`. */
  path: string;
  component: LazyExoticComponent<ComponentType>;
  /** What whoever sees it must be allowed; the server checks again. */
  permission?: Permission;
  /** `bare` stands alone, and needs nobody to be signed in unless it says a permission. `wide` fills the window. */
  frame?: 'app' | 'wide' | 'bare';
  /** Sets out for what the page needs, before it is drawn. */
  load: () => Promise<unknown>;
}

/** A page whose code is loaded when somebody goes there, and its texts with it. */
export function screen(
  path: string,
  load: () => Promise<{ default: ComponentType }>,
  more: Pick<Screen, 'permission' | 'frame'> = {},
): Screen {
  let coming: Promise<{ default: ComponentType }> | undefined;
  const whole = () => {
    coming ??= load().then(async (loaded) => {
      await textsAreThere();
      return loaded;
    });
    // What did not come is asked for again the next time.
    coming.catch(() => (coming = undefined));
    return coming;
  };
  return { path, component: lazy(whole), load: whole, ...more };
}

/** The screens of an area, whose texts have its name: they are asked for together with the code. */
export function area(name: string, screens: Screen[]): Screen[] {
  return screens.map((one) => ({
    ...one,
    load: () => {
      needTexts(name);
      return one.load();
    },
  }));
}

/** The screen of an address below /app. */
export function screenOf(screens: Screen[], path: string): Screen | undefined {
  const parts = path.split('/').filter((part) => part !== '');
  const fits = (one: Screen): boolean => {
    const wanted = one.path.split('/').filter((part) => part !== '');
    return wanted.length === parts.length && wanted.every((part, at) => part.startsWith('$') || part === parts[at]);
  };
  const found = screens.filter(fits);
  return found.find((one) => !one.path.includes('$')) ?? found[0];
}
