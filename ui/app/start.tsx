import '@fontsource-variable/inter/index.css';
import 'uplot/dist/uPlot.min.css';
import '../theme/tokens.css';
import '../theme/base.css';
import '../theme/frame.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { startLanguage } from '../i18n/index.ts';
import { connect } from '../store/connection.ts';
import { useRange } from '../store/range.ts';
import { App } from './app.tsx';
import { startTheme } from './theme.ts';
import { takeToken, watchForToken } from './token.ts';

startTheme();
await startLanguage();
watchForToken();
const token = takeToken();
if (token === undefined) useRange.setState({ connection: 'refused' });
else connect(token);
createRoot(document.getElementById('root') as HTMLElement).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
