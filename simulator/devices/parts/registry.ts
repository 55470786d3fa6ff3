/** Every capability that a device can have; a new one is a line here. Parts start in this order. */
import type { PartFactory } from '../context.ts';
import { bacnetPoller } from './bacnet-poller.ts';
import { bacnetService } from './bacnet-service.ts';
import { logServer, nameServer, timeServer } from './common-servers.ts';
import { controllerScan } from './controller-scan.ts';
import { dnp3Poller } from './dnp3-poller.ts';
import { dnp3Service } from './dnp3-service.ts';
import { collector, feeds } from './feeds.ts';
import { firewallLog } from './firewall-log.ts';
import { ftpService } from './ftp-service.ts';
import { modbusPoller } from './modbus-poller.ts';
import { modbusService } from './modbus-service.ts';
import { mqttBroker } from './mqtt-broker.ts';
import { mqttEdge } from './mqtt-edge.ts';
import { mqttHost } from './mqtt-host.ts';
import { nameClient } from './name-client.ts';
import { opcuaPoller } from './opcua-poller.ts';
import { opcuaService } from './opcua-service.ts';
import { s7Poller } from './s7-poller.ts';
import { s7Service } from './s7-service.ts';
import { snmpService } from './snmp-service.ts';
import { telnetService } from './telnet-service.ts';
import { timeClient } from './time-client.ts';
import { webService } from './web-service.ts';

export const PARTS: readonly PartFactory[] = [
  controllerScan,
  timeServer,
  nameServer,
  logServer,
  modbusService,
  s7Service,
  dnp3Service,
  bacnetService,
  mqttBroker,
  opcuaService,
  webService,
  telnetService,
  ftpService,
  snmpService,
  collector,
  modbusPoller,
  s7Poller,
  dnp3Poller,
  bacnetPoller,
  opcuaPoller,
  mqttEdge,
  mqttHost,
  feeds,
  timeClient,
  nameClient,
  firewallLog,
];
