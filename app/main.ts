/** The `penstock` command. What Node compiled for an earlier call is used again, which halves the time to the first word. */
import { enableCompileCache } from 'node:module';

enableCompileCache();
// What runs in a container is one part of the house; it is not made to load all of it.
if (process.argv[2] === 'role') await import('./containers/role.ts');
else await import('./command.ts');
