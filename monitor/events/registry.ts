import type { DissectorFactory } from '@penstock/core';
import { modbusDissector } from '@penstock/protocols/modbus';

/** Every protocol that the monitor understands; a new one adds its line here. With equal certainty the first one is taken. */
export const DISSECTORS: readonly DissectorFactory[] = [modbusDissector];
