/**
 * Codes of S7 communication: what public dissectors and libraries agree on, as Siemens publishes no specification. Names are those
 * that ICSNPP prints.
 */

export const S7_PROTOCOL = 0x32;
export const S7_PLUS_PROTOCOL = 0x72;

export const ROSCTR: Readonly<Record<number, string>> = { 1: 'Job-Request', 2: 'ACK', 3: 'ACK-Data', 7: 'User-Data' };

export const READ_VARIABLE = 0x04;
export const WRITE_VARIABLE = 0x05;
export const REQUEST_DOWNLOAD = 0x1a;
export const DOWNLOAD_BLOCK = 0x1b;
export const DOWNLOAD_ENDED = 0x1c;
export const START_UPLOAD = 0x1d;
export const UPLOAD = 0x1e;
export const END_UPLOAD = 0x1f;
export const PLC_CONTROL = 0x28;
export const PLC_STOP = 0x29;
export const SETUP_COMMUNICATION = 0xf0;

export const FUNCTIONS: Readonly<Record<number, string>> = {
  0: 'CPU Services',
  [READ_VARIABLE]: 'Read Variable',
  [WRITE_VARIABLE]: 'Write Variable',
  [REQUEST_DOWNLOAD]: 'Request Download',
  [DOWNLOAD_BLOCK]: 'Download Block',
  [DOWNLOAD_ENDED]: 'Download Ended',
  [START_UPLOAD]: 'Start Upload',
  [UPLOAD]: 'Upload',
  [END_UPLOAD]: 'End Upload',
  [PLC_CONTROL]: 'PLC Control',
  [PLC_STOP]: 'PLC Stop',
  [SETUP_COMMUNICATION]: 'Setup Communication',
};

export const COTP_NAMES: Readonly<Record<number, string>> = {
  1: 'ED Expedited Data',
  2: 'EA Expedited Data Acknowledgement',
  5: 'RJ Reject',
  6: 'AK Data Acknowledgement',
  7: 'ER TPDU Error',
  8: 'DR Disconnect Request',
  12: 'DC Disconnect Confirm',
  13: 'CC Connection Confirm',
  14: 'CR Connection Request',
  15: 'DT Data',
};

/** Error class in the header of an acknowledgement; the code beside it has a meaning only within its class. */
export const ERROR_CLASSES: Readonly<Record<number, string>> = {
  0: 'No error',
  129: 'Application relationship error',
  130: 'Object definition error',
  131: 'No ressources available error',
  132: 'Error on service processing',
  133: 'Error on supplies',
  135: 'Access error',
};

/** Class and code of an acknowledgement, or the error of a user data parameter, as one word. */
export const ERROR = {
  notInThisMode: 0x8001,
  noFunction: 0x8104,
  noMemory: 0x8301,
  modeAlready: 0x8402,
  serious: 0x8404,
  pduSize: 0x8500,
  blockName: 0xd201,
  parameter: 0xd202,
  blockType: 0xd203,
  blockInRom: 0xd207,
  noBlock: 0xd209,
  blockNumber: 0xd210,
  coordination: 0xd240,
  protection: 0xd241,
  noSzl: 0xd401,
  noSzlIndex: 0xd402,
  wrongPassword: 0xd602,
  noPasswordToClear: 0xd604,
  noPassword: 0xd605,
  invalidValue: 0xdc01,
} as const;

export const ERROR_CODES: Readonly<Record<number, string>> = {
  0: 'no error',
  [ERROR.notInThisMode]: 'not permitted in this mode',
  [ERROR.noFunction]: 'the function is not available',
  [ERROR.noMemory]: 'there is not enough memory',
  [ERROR.modeAlready]: 'the controller is in that mode already',
  [ERROR.serious]: 'the service could not be carried out',
  [ERROR.pduSize]: 'the data does not fit into the PDU',
  [ERROR.blockName]: 'syntax error in the block name',
  [ERROR.parameter]: 'syntax error in the function parameter',
  [ERROR.blockType]: 'syntax error in the block type',
  [ERROR.blockInRom]: 'the data block is in read-only memory',
  [ERROR.noBlock]: 'the item or block does not exist',
  [ERROR.blockNumber]: 'the block number is too big',
  [ERROR.coordination]: 'the coordination rules are broken',
  [ERROR.protection]: 'the protection level does not allow it',
  [ERROR.noSzl]: 'there is no such system status list',
  [ERROR.noSzlIndex]: 'the system status list has no such index',
  [ERROR.wrongPassword]: 'wrong password',
  [ERROR.noPasswordToClear]: 'there is no password to clear',
  [ERROR.noPassword]: 'there is no password to set',
  [ERROR.invalidValue]: 'invalid value',
};

/** Result of one item or of a user data transfer. */
export const SUCCESS = 0xff;
export const HARDWARE_ERROR = 0x01;
export const ACCESS_DENIED = 0x03;
export const INVALID_ADDRESS = 0x05;
export const TYPE_NOT_SUPPORTED = 0x06;
export const TYPE_INCONSISTENT = 0x07;
export const OBJECT_MISSING = 0x0a;
export const RETURN_CODES: Readonly<Record<number, string>> = {
  0: 'Reserved',
  [HARDWARE_ERROR]: 'Hardware error',
  [ACCESS_DENIED]: 'Accessing the object not allowed',
  [INVALID_ADDRESS]: 'Invalid address',
  [TYPE_NOT_SUPPORTED]: 'Data type not supported',
  [TYPE_INCONSISTENT]: 'Data type inconsistent',
  [OBJECT_MISSING]: 'Object does not exist',
  [SUCCESS]: 'Success',
};

export const USERDATA_GROUPS: Readonly<Record<number, string>> = {
  0: 'Mode-Transition',
  1: 'Programmer Controls',
  2: 'Cyclic Services',
  3: 'Block Functions',
  4: 'CPU Functions',
  5: 'Security',
  6: 'PBC BSEND-BRECV',
  7: 'Time Functions',
  15: 'NC Programming',
};

const named = (text: string): Readonly<Record<number, string>> =>
  Object.fromEntries(text.split('|').map((entry) => [Number.parseInt(entry, 16), entry.slice(3)]));

/** Sub-functions by group; hexadecimal code, blank, name. */
export const USERDATA_SUBFUNCTIONS: Readonly<Record<number, Readonly<Record<number, string>>>> = {
  0: named('00 Stop|01 Warm Restart|02 Run|03 Hot Restart|04 Hold|06 Cold Restart|09 Run_R|0b Link-Up|0c Update'),
  1: named(
    '01 Block Status|02 Variable Status|03 Output ISTACK|04 Output BSTACK|05 Output LSTACK|06 Time Measurement|07 Force Selection|08 Modify Variable|09 Force|0a Breakpoint|0b Exit HOLD|0c Memory Reset|0d Disable Job|0e Enable Job|0f Delete Job|10 Read Job List|11 Read Job|12 Replace Job|13 Block Status v2|16 Flash LED',
  ),
  2: named('01 Cyclic Transfer|04 Unsubscribe|05 Change Driven Transfer|07 Change Driven Transfer Modify|08 RDREC'),
  3: named('01 List Blocks|02 List Blocks of Type|03 Get Block Info'),
  4: named(
    '01 Read SZL|02 Message Service|03 Diagnostic Message|04 ALARM_8 Indication|05 NOTIFY Indication|06 ALARM_8 Lock|07 ALARM_8 Unlock|08 SCAN Indication|0b ALARM_S Indication|0c ALARM_SQ Indication|0d ALARM Query|0e ALARM ACK|11 ALARM ACK Indication|12 ALARM Lock Indication|13 ALARM Unlock Indication|16 NOTIFY_8 Indication',
  ),
  5: named('01 PLC Password|02 Clear Password'),
  7: named('01 Read Clock|02 Set Clock|03 Read Clock (Following)|04 Set Clock (2)'),
};

/** SZL identifications by their low byte; the upper byte selects a partial list. */
export const SZL_NAMES: Readonly<Record<number, string>> = named(
  '00 List of all the SZL-IDs of a module|11 Module identification|12 CPU characteristics|13 User memory areas|14 System areas|15 Block types|16 Priority classes|17 List of the permitted SDBs with a number < 1000|18 Maximum S7-300 I/O configuration|19 Status of the module LEDs|1c Component Identification|21 Interrupt / error assignment|22 Interrupt status|23 Priority classes|24 Modes|25 Assignment between process image partitions and OBs|31 Communication capability parameters|32 Communication status data|33 Diagnostics: device logon list|37 Ethernet - Details of a Module|71 H CPU group information|74 Status of the module LEDs|75 Switched DP slaves in the H-system|81 Start information list|82 Start event list|91 Module status information|92 Rack / station status information|94 Rack / station status information|95 Extended DP master system information|96 Module status information, PROFINET IO and PROFIBUS DP|a0 Diagnostic buffer of the CPU|b1 Module diagnostic information (data record 0)|b2 Module diagnostic information (data record 1), geographical address|b3 Module diagnostic information (data record 1), logical address|b4 Diagnostic data of a DP slave',
);

/** Block types as the two characters of a block's file name. */
export const BLOCK_TYPES: Readonly<Record<string, string>> = {
  '08': 'Organization Block',
  '0A': 'Data Block',
  '0B': 'System Data Block',
  '0C': 'Function',
  '0D': 'System Function',
  '0E': 'Function Block',
  '0F': 'System Function Block',
};

export const FILESYSTEMS: Readonly<Record<string, string>> = { P: 'Passive', A: 'Active' };

/** Program invocation services of PLC Control. */
export const PI_SERVICES: Readonly<Record<string, string>> = {
  _INSE: 'Activates a PLC module',
  _INS2: 'Activates a PLC module',
  _DELE: "Removes module from the PLC's passive file system",
  P_PROGRAM: 'PLC Start / Stop',
  _MODU: 'PLC Copy Ram to Rom',
  _GARB: 'Compress PLC memory',
};

export const PLUS_OPCODES: Readonly<Record<number, string>> = { 49: 'Request', 50: 'Response', 51: 'Notification' };

export const PLUS_FUNCTIONS: Readonly<Record<number, string>> = {
  1211: 'Explore',
  1226: 'Create Object',
  1236: 'Delete Object',
  1266: 'Set Variable',
  1316: 'Get Link',
  1346: 'Set Multi Variables',
  1356: 'Get Multi Variables',
  1366: 'Begin Sequence',
  1376: 'End Sequence',
  1387: 'Invoke',
  1414: 'Get Variable Sub Streamed',
};

/** Memory areas of an S7ANY address. */
export const AREAS: Readonly<Record<number, string>> = {
  3: 'SYSINFO',
  5: 'SYSFLAGS',
  6: 'ANALOG_IN',
  7: 'ANALOG_OUT',
  28: 'C',
  29: 'T',
  30: 'IEC_C',
  31: 'IEC_T',
  128: 'P',
  129: 'I',
  130: 'Q',
  131: 'M',
  132: 'DB',
  133: 'DI',
  134: 'L',
  135: 'V',
};

interface TransportSize {
  readonly name: string;
  /** Bytes of one element; 0 for a bit, which takes one byte on the wire. */
  readonly bytes: number;
  readonly value: 'bit' | 'unsigned' | 'signed' | 'real';
}

const size = (name: string, bytes: number, value: TransportSize['value']): TransportSize => ({ name, bytes, value });

/** Element types of an S7ANY address. */
export const TRANSPORT_SIZES: Readonly<Record<number, TransportSize>> = {
  1: size('BIT', 0, 'bit'),
  2: size('BYTE', 1, 'unsigned'),
  3: size('CHAR', 1, 'unsigned'),
  4: size('WORD', 2, 'unsigned'),
  5: size('INT', 2, 'signed'),
  6: size('DWORD', 4, 'unsigned'),
  7: size('DINT', 4, 'signed'),
  8: size('REAL', 4, 'real'),
  9: size('DATE', 2, 'unsigned'),
  10: size('TOD', 4, 'unsigned'),
  11: size('TIME', 4, 'signed'),
  12: size('S5TIME', 2, 'unsigned'),
  15: size('DATE_AND_TIME', 8, 'unsigned'),
  28: size('COUNTER', 2, 'unsigned'),
  29: size('TIMER', 2, 'unsigned'),
  30: size('IEC_COUNTER', 2, 'unsigned'),
  31: size('IEC_TIMER', 4, 'unsigned'),
};

/** Syntax id of an S7ANY address; others (symbolic, drive, NC, DBREAD) stay bytes. */
export const SYNTAX_S7ANY = 0x10;
