/** The `penstock` command. What Node compiled for an earlier call is used again, which halves the time to the first word. */
import { enableCompileCache } from 'node:module';

enableCompileCache();
await import('./command.ts');
