/** What must be so before anything else of the page is loaded. */
import { config } from 'zod';
import { takeToken } from './token.ts';

// The page's security policy forbids making code from text; zod would try as soon as the first schema is made.
config({ jitless: true });
// Out of the address before anything reads where the page is.
takeToken();
await import('./start.tsx');
