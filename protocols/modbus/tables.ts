/**
 * The tables of the MODBUS Application Protocol Specification V1.1b3: function codes (clause 5.1), diagnostics sub-functions
 * (6.8), MEI types (6.19), exception codes (7) and the bounds of every request. Names are those that Zeek and ICSNPP print.
 */

export const READ_COILS = 0x01;
export const READ_DISCRETE_INPUTS = 0x02;
export const READ_HOLDING_REGISTERS = 0x03;
export const READ_INPUT_REGISTERS = 0x04;
export const WRITE_SINGLE_COIL = 0x05;
export const WRITE_SINGLE_REGISTER = 0x06;
export const READ_EXCEPTION_STATUS = 0x07;
export const DIAGNOSTICS = 0x08;
export const GET_COMM_EVENT_COUNTER = 0x0b;
export const GET_COMM_EVENT_LOG = 0x0c;
export const WRITE_MULTIPLE_COILS = 0x0f;
export const WRITE_MULTIPLE_REGISTERS = 0x10;
export const REPORT_SERVER_ID = 0x11;
export const READ_FILE_RECORD = 0x14;
export const WRITE_FILE_RECORD = 0x15;
export const MASK_WRITE_REGISTER = 0x16;
export const READ_WRITE_MULTIPLE_REGISTERS = 0x17;
export const READ_FIFO_QUEUE = 0x18;
export const ENCAPSULATED_INTERFACE_TRANSPORT = 0x2b;

/** Set in the function code of an exception response (clause 7). */
export const EXCEPTION_BIT = 0x80;

export const ILLEGAL_FUNCTION = 0x01;
export const ILLEGAL_DATA_ADDRESS = 0x02;
export const ILLEGAL_DATA_VALUE = 0x03;
export const SERVER_DEVICE_FAILURE = 0x04;
export const ACKNOWLEDGE = 0x05;
export const SERVER_DEVICE_BUSY = 0x06;
export const MEMORY_PARITY_ERROR = 0x08;
export const GATEWAY_PATH_UNAVAILABLE = 0x0a;
export const GATEWAY_TARGET_FAILED_TO_RESPOND = 0x0b;

export const MEI_CANOPEN = 0x0d;
export const MEI_READ_DEVICE_IDENTIFICATION = 0x0e;

/** Most bits of FC 1 and 2, registers of FC 3 and 4 (clauses 6.1 to 6.4). */
export const MAX_READ_BITS = 2000;
export const MAX_READ_REGISTERS = 125;
/** Most coils of FC 15 and registers of FC 16 (6.11, 6.12). */
export const MAX_WRITE_BITS = 1968;
export const MAX_WRITE_REGISTERS = 123;
/** Most registers that FC 23 writes; it reads up to `MAX_READ_REGISTERS` (6.17). */
export const MAX_READ_WRITE_REGISTERS = 121;
/** Registers that a FIFO queue returns at most (6.18). */
export const MAX_FIFO_COUNT = 31;
/** Records of a file count 0 to 9999 (6.14, 6.15). */
export const MAX_FILE_RECORD = 9999;
/** The reference type of FC 20 and 21, always 6. */
export const FILE_REFERENCE_TYPE = 6;
/** Bounds of the byte count in an FC 20 request and an FC 21 request. */
export const FILE_READ_BYTES = [0x07, 0xf5] as const;
export const FILE_WRITE_BYTES = [0x09, 0xfb] as const;

/** Largest protocol data unit: function code and data (clause 4.1). */
export const MAX_PDU = 253;

/** Codes of the standard and those of vendors that Zeek knows by name. */
const NAMES: Readonly<Record<number, string>> = {
  1: 'READ_COILS',
  2: 'READ_DISCRETE_INPUTS',
  3: 'READ_HOLDING_REGISTERS',
  4: 'READ_INPUT_REGISTERS',
  5: 'WRITE_SINGLE_COIL',
  6: 'WRITE_SINGLE_REGISTER',
  7: 'READ_EXCEPTION_STATUS',
  8: 'DIAGNOSTICS',
  9: 'PROGRAM_484',
  10: 'POLL_484',
  11: 'GET_COMM_EVENT_COUNTER',
  12: 'GET_COMM_EVENT_LOG',
  13: 'PROGRAM_584_984',
  14: 'POLL_584_984',
  15: 'WRITE_MULTIPLE_COILS',
  16: 'WRITE_MULTIPLE_REGISTERS',
  17: 'REPORT_SLAVE_ID',
  18: 'PROGRAM_884_U84',
  19: 'RESET_COMM_LINK_884_U84',
  20: 'READ_FILE_RECORD',
  21: 'WRITE_FILE_RECORD',
  22: 'MASK_WRITE_REGISTER',
  23: 'READ_WRITE_MULTIPLE_REGISTERS',
  24: 'READ_FIFO_QUEUE',
  40: 'PROGRAM_CONCEPT',
  41: 'MULTIPLE_FUNCTION_CODES',
  43: 'ENCAP_INTERFACE_TRANSPORT',
  90: 'PROGRAM_UNITY',
  91: 'OBJECT_MESSAGING',
  125: 'FIRMWARE_REPLACEMENT',
  126: 'PROGRAM_584_984_2',
  127: 'REPORT_LOCAL_ADDRESS',
};

const FUNCTION_NAMES: readonly string[] = Array.from({ length: 256 }, (_, code) => {
  const name = NAMES[code & 0x7f];
  if (name === undefined) return `unknown-${code}`;
  return code >= EXCEPTION_BIT ? `${name}_EXCEPTION` : name;
});

/** Name of a function code 0 to 255; with the exception bit `…_EXCEPTION`, without a name `unknown-N`. */
export const functionName = (code: number): string => FUNCTION_NAMES[code & 0xff] as string;

const EXCEPTIONS: Readonly<Record<number, string>> = {
  1: 'ILLEGAL_FUNCTION',
  2: 'ILLEGAL_DATA_ADDRESS',
  3: 'ILLEGAL_DATA_VALUE',
  4: 'SLAVE_DEVICE_FAILURE',
  5: 'ACKNOWLEDGE',
  6: 'SLAVE_DEVICE_BUSY',
  8: 'MEMORY_PARITY_ERROR',
  10: 'GATEWAY_PATH_UNAVAILABLE',
  11: 'GATEWAY_TARGET_DEVICE_FAILED_TO_RESPOND',
};

export const exceptionName = (code: number): string => EXCEPTIONS[code] ?? `unknown-${code}`;

/** Sub-functions of FC 8 (clause 6.8.1). */
export const DIAGNOSTIC = {
  returnQueryData: 0x00,
  restartCommunications: 0x01,
  returnDiagnosticRegister: 0x02,
  changeAsciiDelimiter: 0x03,
  forceListenOnly: 0x04,
  clearCounters: 0x0a,
  busMessageCount: 0x0b,
  busCommunicationErrorCount: 0x0c,
  busExceptionErrorCount: 0x0d,
  serverMessageCount: 0x0e,
  serverNoResponseCount: 0x0f,
  serverNakCount: 0x10,
  serverBusyCount: 0x11,
  busCharacterOverrunCount: 0x12,
  clearOverrunCounter: 0x14,
} as const;

const DIAGNOSTIC_NAMES: Readonly<Record<number, string>> = {
  0: 'Return Query Data',
  1: 'Restart Communications Option',
  2: 'Return Diagnostic Register',
  3: 'Change ASCII Input Delimiter',
  4: 'Force Listen Only Mode',
  10: 'Clear Counters and Diagnostic Register',
  11: 'Return Bus Message Count',
  12: 'Return Bus Communication Error Count',
  13: 'Return Bus Exception Error Count',
  14: 'Return Server Message Count',
  15: 'Return Server No Response Count',
  16: 'Return Server NAK Count',
  17: 'Return Server Busy Count',
  18: 'Return Bus Character Overrun Count',
  20: 'Clear Overrun Counter and Flag',
};

export const diagnosticName = (subfunction: number): string =>
  DIAGNOSTIC_NAMES[subfunction] ?? `unknown-${subfunction}`;

/** Conformity levels of 43/14 responses (clause 6.21). Individual access is bit 7. */
const CONFORMITY_NAMES: Readonly<Record<number, string>> = {
  1: 'Basic Identification (Stream)',
  2: 'Regular Identification (Stream)',
  3: 'Extended Identification (Stream)',
  129: 'Basic Identification (Stream, Individual)',
  130: 'Regular Identification (Stream, Individual)',
  131: 'Extended Identification (Stream, Individual)',
};

export const conformityName = (code: number): string => CONFORMITY_NAMES[code] ?? 'Unknown';

const IDENTIFICATION_OBJECTS = [
  'VendorName',
  'ProductCode',
  'MajorMinorVersion',
  'VendorURL',
  'ProductName',
  'ModelName',
  'UserApplicationName',
] as const;

export const identificationObjectName = (object: number): string => IDENTIFICATION_OBJECTS[object] ?? 'Unknown';

/** The function codes that a server answers unless its profile says otherwise; the others belong to serial lines. */
export const USUAL_FUNCTIONS: readonly number[] = [1, 2, 3, 4, 5, 6, 15, 16, 20, 21, 22, 23, 24, 43];
/** Serial-line functions that a profile may add. */
export const SERIAL_FUNCTIONS: readonly number[] = [7, 8, 11, 17];

/** FC 1 to 4, 7, 11, 12, 17, 20, 24 and 43 leave the device as it is. */
const WRITING = new Set([5, 6, 15, 16, 21, 22, 23]);
export const isWrite = (functionCode: number): boolean => WRITING.has(functionCode);
