/**
 * Vendors of MAC address prefixes that are common in plants (IEEE MA-L registry, https://standards-oui.ieee.org). Not the whole
 * registry: a prefix that is not here gives no vendor.
 */
const PREFIXES: Readonly<Record<string, string>> = {
  '00000a': 'OMRON',
  '00000c': 'Cisco',
  '000023': 'ABB',
  '000054': 'Schneider Electric',
  '000064': 'Yokogawa',
  '0000bc': 'Rockwell Automation',
  '000105': 'Beckhoff',
  '000123': 'Schneider Electric',
  '0002a2': 'Hilscher',
  '000569': 'VMware',
  '0005e4': 'Red Lion Controls',
  '000705': 'Endress+Hauser',
  '00077c': 'Westermo',
  '000adc': 'RuggedCom',
  '000c29': 'VMware',
  '000e8c': 'Siemens',
  '001422': 'Dell',
  '00155d': 'Microsoft',
  '001b1b': 'Siemens',
  '001b21': 'Intel',
  '001c06': 'Siemens',
  '001d9c': 'Rockwell Automation',
  '00204a': 'Lantronix',
  '002085': 'Eaton',
  '0022e5': 'Emerson',
  '0030a7': 'Schweitzer Engineering Laboratories',
  '0030de': 'WAGO',
  '004084': 'Honeywell',
  '005056': 'VMware',
  '006065': 'B&R',
  '00802f': 'National Instruments',
  '008063': 'Hirschmann',
  '0080f4': 'Schneider Electric',
  '0090e8': 'Moxa',
  '00a045': 'Phoenix Contact',
  '080027': 'VirtualBox',
  '080070': 'Mitsubishi Electric',
  '286336': 'Siemens',
  '3cd92b': 'HP',
  b827eb: 'Raspberry Pi',
  d4bed9: 'Dell',
  dca632: 'Raspberry Pi',
  e45f01: 'Raspberry Pi',
  f8b156: 'Dell',
};

/** Vendor of a MAC address (`00:1d:9c:c7:b0:70`); undefined for an unknown prefix or a locally administered address. */
export function vendorOf(mac: string): string | undefined {
  return PREFIXES[mac.slice(0, 8).replaceAll(':', '')];
}
