import '@mantine/notifications/styles.layer.css';
import { ModalsProvider } from '@mantine/modals';
import { Notifications } from '@mantine/notifications';
import { useEffect } from 'react';
import { overlaysAreHere } from '../parts/overlaid';

/** Where dialogs and short words appear. Comes after the first page; what was said before is shown then. */
export default function Overlays() {
  useEffect(overlaysAreHere, []);
  return (
    <>
      <ModalsProvider>{null}</ModalsProvider>
      <Notifications position="bottom-right" limit={4} />
    </>
  );
}
