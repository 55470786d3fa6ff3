/** Log sources of devices' doors: consoles, pages, file drops, SNMP; and what the monitor makes of them. */
import { columns, common, detail, type LogSource, source as logSource, newWriter, writerLearned } from './fields.ts';

const source = (...[product, service, about, fields]: Parameters<typeof logSource>): LogSource =>
  logSource(product, service, about, [...common, ...fields]);

/** Those that the judgement makes itself, so that no event has their name. */
export const DOOR_DERIVED: readonly string[] = [
  'credential',
  'identity_change',
  'firmware_transfer',
  'unlike_kind',
  'hop',
];

export const DOOR_SOURCES: readonly LogSource[] = [
  source('zeek', 'ftp', 'an FTP command that does something, with its reply (Zeek; LIST and NLST too)', [
    ...columns({
      user: 'text',
      password: 'text',
      command: 'text',
      arg: 'text',
      file_size: 'number',
      reply_code: 'number',
      reply_msg: 'text',
    }),
    writerLearned,
    newWriter,
  ]),
  source('zeek', 'snmp', 'an SNMP conversation, when it ends (Zeek; the community is masked)', [
    ...columns({
      duration: 'number',
      version: 'text',
      community: 'text',
      get_requests: 'number',
      get_bulk_requests: 'number',
      get_responses: 'number',
      set_requests: 'number',
      display_string: 'text',
    }),
  ]),
  source('penstock', 'snmp_set', 'one object that is to be changed over SNMP', [
    ...columns({ oid: 'text', value: 'text', accepted: 'boolean' }),
    writerLearned,
    newWriter,
  ]),
  source('penstock', 'telnet_login', 'somebody logs on to a console', [
    ...columns({ user: 'text', password: 'text', success: 'boolean' }),
  ]),
  source('penstock', 'telnet_command', 'a command on a console', [
    ...columns({ user: 'text', command: 'text', answer: 'text' }),
    writerLearned,
    newWriter,
  ]),
  source('penstock', 'http_form', "a form of a device's page; fields that are secret are masked", [
    ...columns({ uri: 'text', username: 'text', status_code: 'number' }),
    writerLearned,
    newWriter,
  ]),
  source(
    'penstock',
    'credential',
    'a password in clear, over any protocol, held against those that equipment is delivered with',
    [
      detail('credential.protocol', 'text', 'telnet, ftp, http, snmp, …'),
      detail('credential.user', 'text', 'none for SNMP'),
      detail('credential.password', 'text', 'masked'),
      detail('credential.success', 'boolean', 'the device took it; none where no answer was seen'),
      detail('credential.default', 'boolean', 'equipment is delivered with it'),
      detail('credential.vendor', 'text', 'whose; many for what is delivered alike by many'),
      detail('credential.source', 'text', 'where it is printed'),
      detail('credential.anonymous', 'boolean', 'FTP without an account'),
    ],
  ),
  source('penstock', 'identity_change', 'a device says another version of itself than before, or than the asset list', [
    detail('identity.protocol', 'text', 'over which it says it'),
    detail('identity.object', 'text', 'MajorMinorVersion, sysDescr, WebServer, …'),
    detail('identity.before', 'text', 'what it said before; none where it is heard first'),
    detail('identity.now', 'text', 'what it says now'),
    detail('identity.listed', 'text', "the asset list's revision"),
    detail('identity.known_good', 'boolean', 'it is that; none where the list has none'),
  ]),
  source('penstock', 'firmware_transfer', 'a firmware image passes by', [
    detail('firmware.carrier', 'text', 'http or ftp-data'),
    detail('firmware.to_device', 'boolean', 'from who opened the connection to who answers'),
    detail('firmware.vendor', 'text', 'by its head'),
    detail('firmware.product', 'text', 'for which product'),
    detail('firmware.version', 'text', 'which version'),
    detail('firmware.length', 'number', 'bytes'),
    detail('firmware.signed', 'boolean', 'it carries a signature'),
    detail('firmware.hash', 'text', 'SHA-256, hexadecimal; none where it was not seen whole'),
    writerLearned,
    newWriter,
  ]),
  source('penstock', 'unlike_kind', 'a device does what devices of its kind never do', [
    detail('kind.device', 'text', 'which device'),
    detail('kind.kind', 'text', 'its kind in the asset list'),
    detail('kind.what', 'text', 'what it does'),
    detail('kind.service', 'text', 'the protocol'),
    detail('kind.asks', 'boolean', 'it began the conversation'),
  ]),
  source(
    'penstock',
    'hop',
    'a session reaches the process from an office by way of other hosts, one session after the other',
    [
      detail('hop.origin', 'text', 'host of the office at the beginning'),
      detail('hop.origin_zone', 'text', 'its zone'),
      detail('hop.way', 'text', 'hosts on the way'),
      detail('hop.count', 'number', 'sessions on the way, at least two'),
      detail('hop.seconds', 'number', 'since the first began'),
    ],
  ),
];
