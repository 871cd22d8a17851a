/** All pages of the app: one line an area. */
import { area, type Screen } from '../app/screens';
import { screens as exports } from './exports';
import { screens as privacy } from './privacy';
import { screens as home } from './home';
import { screens as accounts } from './accounts';
import { screens as campaigns } from './campaigns';
import { screens as content } from './content';
import { screens as customers } from './customers';
import { screens as journeys } from './journeys';
import { screens as imports } from './imports';
import { screens as leads } from './leads';
import { screens as look } from './look';
import { screens as messages } from './messages';
import { screens as predictions } from './predictions';
import { screens as recommendations } from './recommendations';
import { screens as segments } from './segments';
import { screens as settings } from './settings';

export const screens: Screen[] = Object.entries({
  home, journeys, accounts, campaigns, content, customers, imports, exports, privacy, leads, look, segments, messages, predictions, recommendations, settings,
}).flatMap(([name, of]) => area(name, of));
