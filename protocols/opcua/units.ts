/** Units of measure by the common codes of UN/CEFACT Recommendation 20, which OPC UA makes numbers of (OPC 10000-8, 5.6.3.4). */
const CODES: Readonly<Record<string, string>> = {
  '%': 'P1',
  '°C': 'CEL',
  A: 'AMP',
  bar: 'BAR',
  Hz: 'HTZ',
  kW: 'KWT',
  kWh: 'KWH',
  kPa: 'KPA',
  L: 'LTR',
  'L/h': 'E32',
  'L/min': 'L2',
  'L/s': 'G51',
  m: 'MTR',
  'm³': 'MTQ',
  m3: 'MTQ',
  'm³/h': 'MQH',
  'm3/h': 'MQH',
  'm³/s': 'MQS',
  mbar: 'MBR',
  'mg/L': 'M1',
  'mg/l': 'M1',
  min: 'MIN',
  mm: 'MMT',
  MW: 'MAW',
  rpm: 'RPM',
  s: 'SEC',
  V: 'VLT',
  'µS/cm': 'G42',
  ppm: '59',
  h: 'HUR',
  kg: 'KGM',
  'kg/h': 'E93',
};

/** The code's characters as bytes of a number; undefined for a unit that has none here. */
export function unitIdOf(unit: string): number | undefined {
  const code = CODES[unit];
  if (code === undefined) return undefined;
  let id = 0;
  for (let i = 0; i < code.length; i++) id = id * 256 + code.charCodeAt(i);
  return id;
}
