/** What must be so before anything else of the page is loaded. */
import { config } from 'zod';

// The page's security policy forbids making code from text; zod would try as soon as the first schema is made.
config({ jitless: true });
await import('./start.tsx');
