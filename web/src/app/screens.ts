import { type ComponentType, lazy, type LazyExoticComponent } from 'react';
import { textsAreThere } from './i18n';
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
}

/** A page whose code is loaded when somebody goes there, and its texts with it. */
export function screen(
  path: string,
  load: () => Promise<{ default: ComponentType }>,
  more: Pick<Screen, 'permission' | 'frame'> = {},
): Screen {
  const whole = async () => {
    const loaded = await load();
    await textsAreThere();
    return loaded;
  };
  return { path, component: lazy(whole), ...more };
}
