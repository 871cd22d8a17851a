/** All pages of the app: one line an area. */
import type { Screen } from '../app/screens';
import { screens as home } from './home';
import { screens as accounts } from './accounts';
import { screens as look } from './look';

export const screens: Screen[] = [...home, ...accounts, ...look];
