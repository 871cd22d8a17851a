/** Says that the connection is lost, when it has been for some seconds, and that it is tried again. */
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useConnected } from '../api/live';
import classes from './Offline.module.css';

const PATIENCE_MS = 4_000;

export function Offline() {
  const { t } = useTranslation('shell');
  const isConnected = useConnected();
  const [isTold, setTold] = useState(false);
  useEffect(() => {
    if (isConnected !== false) {
      setTold(false);
      return undefined;
    }
    const timer = setTimeout(() => setTold(true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, [isConnected]);
  return <div role="status" className={classes.place}>{isTold && <span className={classes.note}>{t('offline')}</span>}</div>;
}
