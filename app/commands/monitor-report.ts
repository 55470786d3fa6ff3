/** How people read what the monitor made of a capture. */
import { accessText, type DeviceReport, type MonitorSummary } from '@penstock/monitor';
import { note, print, printTable } from '../output.ts';
import { clock, counted, printAlerts } from '../report.ts';

interface Wanted {
  readonly devices?: boolean;
  readonly incidents?: boolean;
}

export function tellMonitor(summary: MonitorSummary, wanted: Wanted): void {
  const { packets, bytes, dropped, packetsPerSecond, events, devices, differences, rules } = summary;
  print(`${packets} packets, ${bytes} bytes, ${dropped} that could not be judged, ${packetsPerSecond} packets/s`);
  const names = Object.entries(events).map(([name, count]) => `${name} ${count}`);
  print(`events   ${names.join(', ') || 'none'}`);
  print(`devices  ${devices.length}`);
  if (wanted.devices) tellDevices(devices);
  for (const { state, message } of differences) print(`  ${state.padEnd(8)} ${message}`);
  printAlerts(summary.alerts);
  tellIncidents(summary, wanted.incidents ?? false);
  if (rules.idle.length > 0) note(`Silent without a learned baseline (--baseline FILE): ${rules.idle.join(', ')}`);
}

function tellDevices(devices: readonly DeviceReport[]): void {
  const head = ['address', 'asset', 'critical', 'by its traffic', 'vendor and model', 'services', 'last seen'];
  const rows = devices.map((device) => [
    device.address,
    device.id ?? '-',
    device.criticality ?? '-',
    `${device.role} (${Math.round(device.confidence * 100)} %)`,
    [device.vendor ?? device.macVendor, device.model].filter((part) => part !== null).join(' ') || '-',
    device.services
      .map(({ transport, port, protocol }) => `${transport}/${port} ${protocol ?? ''}`.trim())
      .join(', ') || '-',
    clock(device.lastSeen),
  ]);
  printTable([head, ...rows]);
  for (const { address, id, reads, writes, observations } of devices) {
    print(`${id ?? address}`);
    for (const { what, counts } of observations) {
      const roles = Object.entries(counts).map(([role, weight]) => `${role} ${weight}`);
      print(`  ${what}${roles.length > 0 ? ` (counts for ${roles.join(', ')})` : ''}`);
    }
    for (const access of reads) print(`  reads  ${accessText(access)}`);
    for (const access of writes) print(`  writes ${accessText(access)}`);
  }
}

function tellIncidents({ alerts, incidents, alertRate }: MonitorSummary, withCourse: boolean): void {
  print(`${counted(alerts.length, 'alert')} in ${counted(incidents.length, 'incident')}`);
  for (const incident of withCourse ? incidents : []) {
    const { id, severity, asset, from, to, devices, tags, sources, killChain, findings, limited, timeline } = incident;
    print(`${id}  ${severity}  ${asset ?? 'the sensor itself'}  ${clock(from)} to ${clock(to)}`);
    const limits = limited > 0 ? `, ${limited} of them only counted` : '';
    print(`  ${counted(incident.alertCount, 'alert')}, ${counted(findings, 'finding')}${limits}`);
    if (devices.length > 1) print(`  devices ${devices.join(', ')}`);
    if (tags.length > 0) print(`  tags    ${tags.join(', ')}`);
    if (sources.length > 0) print(`  sources ${sources.join(', ')}`);
    for (const { tactic, techniques } of killChain) print(`  ${tactic}: ${techniques.join(', ')}`);
    for (const { time, severity: level, rule, message } of timeline)
      print(`  ${clock(time)}  ${level.padEnd(13)} ${rule}: ${message}`);
  }
  const { hours, perHour, worstHour, floods, bySeverity, rating } = alertRate;
  if (alerts.length === 0) return;
  const severities = Object.entries(bySeverity).filter(([, { alerts: count }]) => count > 0);
  const each = severities.map(([level, { perHour: rate }]) => `${level} ${rate}`).join(', ');
  const worst = worstHour === null ? '' : `, at most ${worstHour.alerts} in the hour from ${clock(worstHour.from)}`;
  print(
    `alerts an hour ${perHour} (${each}) over ${hours.toFixed(1)} h${worst}, ${counted(floods, 'flood')}: ${rating}`,
  );
}
