import type { DissectorFactory } from '@penstock/core';
import { dnsDissector } from '@penstock/protocols/dns';
import { httpDissector } from '@penstock/protocols/http';
import { modbusDissector } from '@penstock/protocols/modbus';
import { ntpDissector } from '@penstock/protocols/ntp';
import { syslogDissector } from '@penstock/protocols/syslog';

/** Every protocol that the monitor understands; a new one adds its line here. With equal certainty the first one is taken. */
export const DISSECTORS: readonly DissectorFactory[] = [
  modbusDissector,
  httpDissector,
  dnsDissector,
  ntpDissector,
  syslogDissector,
];
