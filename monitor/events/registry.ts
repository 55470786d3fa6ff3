import type { DissectorFactory } from '@penstock/core';
import { bacnetDissector } from '@penstock/protocols/bacnet';
import { dnp3Dissector, dnp3UdpDissector } from '@penstock/protocols/dnp3';
import { dnsDissector } from '@penstock/protocols/dns';
import { firmwareDissector } from '@penstock/protocols/firmware';
import { ftpDissector } from '@penstock/protocols/ftp';
import { httpDissector } from '@penstock/protocols/http';
import { modbusDissector } from '@penstock/protocols/modbus';
import { mqttDissector } from '@penstock/protocols/mqtt';
import { ntpDissector } from '@penstock/protocols/ntp';
import { opcuaDissector } from '@penstock/protocols/opcua';
import { s7commDissector } from '@penstock/protocols/s7comm';
import { snmpDissector } from '@penstock/protocols/snmp';
import { syslogDissector } from '@penstock/protocols/syslog';
import { telnetDissector } from '@penstock/protocols/telnet';

/** Every protocol that the monitor understands; a new one adds its line here. With equal certainty the first one is taken. */
export const DISSECTORS: readonly DissectorFactory[] = [
  modbusDissector,
  s7commDissector,
  dnp3Dissector,
  dnp3UdpDissector,
  bacnetDissector,
  mqttDissector,
  opcuaDissector,
  httpDissector,
  dnsDissector,
  ntpDissector,
  syslogDissector,
  telnetDissector,
  ftpDissector,
  firmwareDissector,
  snmpDissector,
];
