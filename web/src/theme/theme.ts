/** The look, in one place: colours, type, radii, and how Mantine's parts wear them. */
import { createTheme, type CSSVariablesResolver, type MantineColorsTuple } from '@mantine/core';

const clay: MantineColorsTuple = [
  '#fdf4ee', '#f9e6da', '#f3ccb5', '#efb08c', '#ee9468', '#cf6e41', '#b4532a', '#94401d', '#763317', '#572511',
];
const gray: MantineColorsTuple = [
  '#faf7f3', '#f4efe8', '#e8e0d6', '#d9cfc3', '#bdb1a3', '#988b7d', '#746a5f', '#5d544b', '#3d3630', '#2a2420',
];
const dark: MantineColorsTuple = [
  '#f3ebe2', '#d8cec3', '#b9ac9f', '#8f8172', '#4a4038', '#3a322b', '#2b251f', '#211c18', '#171310', '#0f0c0a',
];

const red: MantineColorsTuple = [
  '#fdf1ef', '#fbe6e3', '#f3c4bd', '#f0a69d', '#f08f85', '#d65a52', '#c23b35', '#a02a27', '#6e1b1a', '#531413',
];

export const theme = createTheme({
  primaryColor: 'clay',
  primaryShade: 6,
  autoContrast: true,
  luminanceThreshold: 0.3,
  colors: { clay, gray, dark, red },
  black: '#2a2420',
  fontFamily: "'Be Vietnam Pro', system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif",
  headings: {
    fontFamily: "'Be Vietnam Pro', system-ui, sans-serif",
    fontWeight: '600',
    sizes: {
      h1: { fontSize: '1.625rem', lineHeight: '1.25' },
      h2: { fontSize: '1.25rem', lineHeight: '1.3' },
      h3: { fontSize: '1.0625rem', lineHeight: '1.4' },
    },
  },
  fontSizes: { xs: '0.78rem', sm: '0.875rem', md: '0.9375rem', lg: '1.0625rem', xl: '1.25rem' },
  defaultRadius: 'md',
  radius: { xs: '4px', sm: '6px', md: '9px', lg: '14px', xl: '22px' },
  cursorType: 'pointer',
  respectReducedMotion: true,
  // Plain objects: `Component.extend` would pull every part named here into the first load.
  components: {
    Button: { defaultProps: { fw: 600 } },
    ActionIcon: { defaultProps: { variant: 'subtle', color: 'gray' } },
    Anchor: { defaultProps: { underline: 'hover', c: 'var(--ql-accent-text)' } },
    Badge: { defaultProps: { tt: 'none', fw: 600, radius: 'sm', variant: 'light' } },
    Card: { defaultProps: { radius: 'lg', withBorder: true, padding: 'lg' } },
    Paper: { defaultProps: { radius: 'lg' } },
    Drawer: { defaultProps: { position: 'right', padding: 'lg' } },
    Modal: { defaultProps: { radius: 'lg', centered: true, padding: 'lg' } },
    // The head of a dialog is no banner of the page.
    ModalHeader: { defaultProps: { role: 'presentation' } },
    DrawerHeader: { defaultProps: { role: 'presentation' } },
    Menu: { defaultProps: { shadow: 'md', radius: 'md', withinPortal: true } },
    NavLink: { styles: { root: { borderRadius: 'var(--mantine-radius-md)' } } },
    Tabs: { styles: { tab: { fontWeight: 500 } } },
    Tooltip: { defaultProps: { withArrow: true, openDelay: 300 } },
  },
});

/**
 * What both schemes call the same. Tones are pairs of a text colour and a ground on which it has at least 4.5:1:
 * good, wait, bad, odd, calm, accent. Screens use these names and no colour of their own.
 */
export const variables: CSSVariablesResolver = () => ({
  variables: {
    '--ql-shadow': '0 1px 2px rgb(64 40 20 / 5%), 0 12px 32px -16px rgb(64 40 20 / 16%)',
  },
  light: {
    '--mantine-color-body': '#ffffff',
    '--mantine-color-text': '#2a2420',
    '--mantine-color-dimmed': '#6a5f55',
    '--mantine-color-placeholder': '#7a6e63',
    '--mantine-color-default-border': '#ddd3c7',
    '--mantine-color-error': '#a02727',
    '--mantine-color-clay-light': '#f9ede4',
    '--mantine-color-clay-light-hover': '#f5e2d4',
    '--mantine-color-clay-light-color': '#94401d',
    '--mantine-color-red-light': '#fbe6e3',
    '--mantine-color-red-light-hover': '#f6d7d2',
    '--mantine-color-red-light-color': '#a02727',
    '--mantine-color-gray-light': '#f1ebe3',
    '--mantine-color-gray-light-hover': '#e8e0d6',
    '--mantine-color-gray-light-color': '#5d544b',
    '--ql-paper': '#faf6f0',
    '--ql-line': '#e8dfd3',
    '--ql-accent-text': '#a0471f',
    '--ql-accent': '#94401d', '--ql-accent-tint': '#f9ede4',
    '--ql-good': '#1b6541', '--ql-good-tint': '#e2f1e7',
    '--ql-wait': '#7d5200', '--ql-wait-tint': '#fbf0d6',
    '--ql-bad': '#a02727', '--ql-bad-tint': '#fbe6e3',
    '--ql-odd': '#56459a', '--ql-odd-tint': '#ece8f8',
    '--ql-calm': '#5d544b', '--ql-calm-tint': '#f1ebe3',
  },
  dark: {
    '--mantine-color-body': '#211c18',
    '--mantine-color-text': '#f3ebe2',
    '--mantine-color-dimmed': '#b9ac9f',
    '--mantine-color-placeholder': '#a3968a',
    '--mantine-color-default': '#2b251f',
    '--mantine-color-default-hover': '#342d26',
    '--mantine-color-default-border': '#4a4038',
    '--mantine-color-error': '#f59f96',
    '--mantine-color-clay-light': '#3a291f',
    '--mantine-color-clay-light-hover': '#472f22',
    '--mantine-color-clay-light-color': '#f6b08e',
    '--mantine-color-red-light': '#3e221f',
    '--mantine-color-red-light-hover': '#4b2926',
    '--mantine-color-red-light-color': '#f59f96',
    '--mantine-color-gray-light': '#2e2721',
    '--mantine-color-gray-light-hover': '#3a322b',
    '--mantine-color-gray-light-color': '#d8cec3',
    '--ql-paper': '#171310',
    '--ql-line': '#3a322b',
    '--ql-accent-text': '#f6b08e',
    '--ql-accent': '#f6b08e', '--ql-accent-tint': '#3a291f',
    '--ql-good': '#86d1a7', '--ql-good-tint': '#1c3126',
    '--ql-wait': '#ebc26b', '--ql-wait-tint': '#372c14',
    '--ql-bad': '#f59f96', '--ql-bad-tint': '#3e221f',
    '--ql-odd': '#beb2f1', '--ql-odd-tint': '#2b2640',
    '--ql-calm': '#d0c4b8', '--ql-calm-tint': '#2e2721',
  },
});

export type Tone = 'good' | 'wait' | 'bad' | 'odd' | 'calm' | 'accent';

/** For charts: told apart with the common forms of colour blindness, and by lightness in grey. In this order. */
export const chartColors = {
  light: ['#b4532a', '#2b6ca3', '#d99a1e', '#3a8f78', '#7d5ba6', '#8d7f71'],
  dark: ['#ee9468', '#6fb1e6', '#efc25a', '#6cc7ac', '#b99be0', '#b9ac9f'],
};
