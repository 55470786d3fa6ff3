/** Tells a screen reader of new alarms and alerts; not more often than somebody can listen. */
import { useEffect, useRef, useState } from 'react';
import { useRange } from '../store/range.ts';

const EVERY_MS = 5000;

export function Announcer() {
  const alerts = useRange((state) => state.alerts);
  const [text, setText] = useState('');
  const told = useRef(alerts.at(-1)?.number ?? 0);
  useEffect(() => {
    const timer = setInterval(() => {
      const fresh = useRange.getState().alerts.filter(({ number }) => number > told.current);
      const worst = fresh.find(({ severity }) => severity === 'critical' || severity === 'high') ?? fresh.at(-1);
      if (!worst) return;
      told.current = fresh.at(-1)?.number ?? told.current;
      setText(`${worst.title}: ${worst.message}${fresh.length > 1 ? ` (+${fresh.length - 1})` : ''}`);
    }, EVERY_MS);
    return () => clearInterval(timer);
  }, []);
  return (
    <p className="unseen" role="status">
      {text}
    </p>
  );
}
