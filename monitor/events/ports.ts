/**
 * Ports that servers of a plant and its network listen on (IANA's registry and vendors' manuals). They only decide who is the
 * server in a conversation that was picked up in mid-stream; what it speaks is decided by its content.
 */
export const SERVER_PORTS: readonly number[] = [
  // Networks and offices.
  21, 22, 23, 25, 53, 67, 69, 80, 88, 110, 123, 135, 137, 138, 139, 143, 161, 162, 389, 443, 445, 514, 587, 636, 993,
  1433, 1521, 1812, 3128, 3306, 3389, 5060, 5432, 5900, 5985, 6379, 6514, 8000, 8080, 8443, 8883,
  // S7 and MMS, Modbus, C12.22, FOUNDATION Fieldbus, MQTT, Niagara Fox, PCWorx.
  102, 502, 802, 1089, 1090, 1091, 1153, 1883, 1911, 1962, 4911,
  // EtherNet/IP I/O, IEC 104, CODESYS, ROC, synchrophasors, OPC UA, MELSEC, HART-IP.
  2222, 2404, 2455, 4000, 4712, 4713, 4840, 4843, 5006, 5007, 5094, 11740,
  // OMRON FINS, GE SRTP, DNP3, PROFINET, EtherCAT, EtherNet/IP, BACnet/IP, FL-net.
  9600, 18245, 19999, 20000, 20547, 34962, 34963, 34964, 34980, 44818, 47808, 55000, 55001, 55002, 55003,
];
