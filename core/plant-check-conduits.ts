/** The part of the plant check that looks into the conduits between zones. */
import type { AllowLine, ConduitSpec } from './plant.ts';
import type { PlantCheck } from './plant-check.ts';
import type { ValuePath } from './yaml-source.ts';

export function checkConduits(check: PlantCheck): void {
  const { conduits } = check.plant;
  check.unique(
    'conduit',
    conduits,
    (conduit) => conduit.id,
    (i) => ['conduits', i, 'id'],
  );
  conduits.forEach((conduit, i) => {
    const path = ['conduits', i];
    for (const side of ['from', 'to'] as const) check.known('zone', conduit[side], check.zones, [...path, side]);
    if (conduit.from === conduit.to)
      check.wrong([...path, 'to'], 'conduit', `the conduit ${conduit.id} leads from zone ${conduit.from} to itself`);
    conduit.allow.forEach((allow, j) => {
      checkAllowLine(check, conduit, allow, [...path, 'allow', j]);
    });
  });
}

/** One line of what a conduit lets through, wherever it is written. */
export function checkAllowLine(check: PlantCheck, conduit: ConduitSpec, allow: AllowLine, path: ValuePath): void {
  const zonesOf = (side: 'from' | 'to') =>
    allow[side].map((name, k) => {
      const at = [...path, side, k];
      if (!check.known('device', name, check.devices, at)) return undefined;
      const zone = check.devices.get(name)?.zone;
      if (zone !== conduit.from && zone !== conduit.to)
        check.wrong(at, 'conduit', `${name} lies in zone ${zone}, which the conduit ${conduit.id} does not touch`);
      return zone;
    });
  const [sources, targets] = [zonesOf('from'), zonesOf('to')];
  if (sources.some((zone) => zone !== undefined && targets.includes(zone)))
    check.wrong(
      path,
      'conduit',
      'lets devices of one zone reach each other; inside a zone nothing needs to be allowed',
    );
  if (conduit.diode && sources.includes(conduit.to))
    check.wrong(
      [...path, 'from'],
      'diode',
      `the diode ${conduit.id} passes only from ${conduit.from} to ${conduit.to}`,
    );
  if (allow.transport === 'icmp' && allow.port !== undefined)
    check.wrong([...path, 'port'], 'conduit', 'ICMP has no ports; leave the port out');
}
