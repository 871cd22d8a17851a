import 'virtual:mantine-styles';
import './theme/fonts.css';
import './theme/look.css';
import { localStorageColorSchemeManager, MantineProvider } from '@mantine/core';
import { QueryClientProvider } from '@tanstack/react-query';
import { lazy, StrictMode, Suspense } from 'react';
import { createRoot } from 'react-dom/client';
import { queries } from './api';
import { startTexts } from './app/i18n';
import { App } from './app/router';
import { FormatsProvider } from './parts/formats';
import { screenOf } from './app/screens';
import { sessionQuery } from './app/session';
import { screens } from './screens';
import { theme, variables } from './theme/theme';

const Overlays = lazy(() => import('./app/Overlays'));
const scheme = localStorageColorSchemeManager({ key: 'quaylai.scheme' });
const root = document.getElementById('root');

// All that the first page needs sets out at once: who is signed in, its code, and the texts.
void queries.prefetchQuery(sessionQuery);
screenOf(screens, location.pathname.replace(/^\/app/, ''))?.load().catch(() => undefined);

void startTexts().then(() => {
  if (!root) return;
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={queries}>
        <MantineProvider theme={theme} cssVariablesResolver={variables} colorSchemeManager={scheme} defaultColorScheme="auto">
          <FormatsProvider>
            <App />
            <Suspense>
              <Overlays />
            </Suspense>
          </FormatsProvider>
        </MantineProvider>
      </QueryClientProvider>
    </StrictMode>,
  );
});
