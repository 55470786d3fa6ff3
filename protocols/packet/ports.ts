/** Ports of the services that a plant's network has, and what each is called as a packet's protocol. */
import { BACNET_PORT } from '../bacnet/index.ts';
import { DNS_PORT } from '../dns/index.ts';
import { FTP_PORT } from '../ftp/index.ts';
import { HTTP_PORT } from '../http/index.ts';
import { NTP_PORT } from '../ntp/index.ts';
import { OPCUA_PORT } from '../opcua/tables.ts';
import { SNMP_PORT } from '../snmp/index.ts';
import { SYSLOG_PORT } from '../syslog/index.ts';
import { TELNET_PORT } from '../telnet/index.ts';

/** The port where a service is unless somebody says otherwise (IANA's registry), by the protocol that `readPacket` tells. */
export const STANDARD_PORTS = {
  ftp: FTP_PORT,
  telnet: TELNET_PORT,
  dns: DNS_PORT,
  http: HTTP_PORT,
  s7comm: 102,
  ntp: NTP_PORT,
  snmp: SNMP_PORT,
  modbus: 502,
  syslog: SYSLOG_PORT,
  mqtt: 1883,
  opcua: OPCUA_PORT,
  dnp3: 20_000,
  bacnet: BACNET_PORT,
} as const;

const NAMES: ReadonlyMap<number, string> = new Map(Object.entries(STANDARD_PORTS).map(([name, port]) => [port, name]));

/** What is usually spoken at a port; undefined for one that is none of these. */
export const usualAt = (port: number): string | undefined => NAMES.get(port);
