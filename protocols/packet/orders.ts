/** Whether what a client sends changes something at a controller, told by as few bytes as will do: it is asked of every packet. */
import { FUNCTION } from '../dnp3/tables.ts';
import { isWrite } from '../modbus/index.ts';
import { PLC_CONTROL, PLC_STOP, REQUEST_DOWNLOAD, S7_PROTOCOL, WRITE_VARIABLE } from '../s7comm/tables.ts';
import { looksLikeDnp3 } from './dnp3.ts';
import { looksLikeS7 } from './s7comm.ts';

const MODBUS_PORT = 502;
/** After the seven bytes of an MBAP header. */
const MODBUS_FUNCTION = 7;
/** After TPKT and COTP (7 bytes): the header of a job is ten bytes long. */
const S7_MESSAGE = 7;
const S7_JOB = 1;
const S7_FUNCTION = 17;
const S7_ORDERS: ReadonlySet<number> = new Set([WRITE_VARIABLE, REQUEST_DOWNLOAD, PLC_CONTROL, PLC_STOP]);
/** After the link header (10 bytes) and the transport octet come the application's control and function. */
const DNP3_TRANSPORT = 10;
const DNP3_FIRST = 0x40;
const DNP3_FUNCTION = 12;
/** SELECT only announces what OPERATE does. */
const DNP3_ORDERS: ReadonlySet<number> = new Set([
  FUNCTION.write,
  FUNCTION.operate,
  FUNCTION.directOperate,
  FUNCTION.directOperateNoAck,
]);

/**
 * Whether the payload `bytes[start..end)`, sent to `port` of a server, orders something over Modbus, S7 or DNP3: a value, a command, a
 * program, a stop. Looks at the first message of the payload.
 */
export function isOrder(bytes: Uint8Array, start: number, end: number, port: number): boolean {
  const octet = (at: number): number => (start + at < end ? (bytes[start + at] as number) : -1);
  if (looksLikeDnp3(bytes, start, end))
    return (octet(DNP3_TRANSPORT) & DNP3_FIRST) !== 0 && DNP3_ORDERS.has(octet(DNP3_FUNCTION));
  if (looksLikeS7(bytes, start, end))
    return octet(S7_MESSAGE) === S7_PROTOCOL && octet(S7_MESSAGE + 1) === S7_JOB && S7_ORDERS.has(octet(S7_FUNCTION));
  return port === MODBUS_PORT && isWrite(octet(MODBUS_FUNCTION));
}
