/** The part of the plant check that looks into field actions: that what they read or move is there, and can be. */
import type { PlantCheck } from './plant-check.ts';

export function checkField(check: PlantCheck): void {
  const areas = new Map(check.plant.areas.map((area) => [area.id, area]));
  const { field } = check.plant;
  check.unique(
    'field action',
    field,
    (action) => action.id,
    (i) => ['field', i, 'id'],
  );
  field.forEach((action, i) => {
    const path = ['field', i];
    check.known('area', action.area, areas, [...path, 'area']);
    if (action.kind === 'call') {
      action.tags.forEach((tag, j) => {
        check.known('tag', tag, check.tags, [...path, 'tags', j]);
      });
      return;
    }
    if (!check.known('tag', action.tag, check.tags, [...path, 'tag'])) return;
    const tag = check.tags.get(action.tag);
    if (action.kind === 'read-gauge' || action.kind === 'grab-sample') {
      if (tag?.sensor === undefined)
        check.wrong([...path, 'tag'], 'field', `${action.tag} is no quantity of the process; read a tag with a sensor`);
    } else if (action.kind === 'starter' || action.kind === 'manual-valve') {
      if (tag?.actuator === undefined)
        check.wrong([...path, 'tag'], 'field', `${action.tag} is no final element; turn a tag with an actuator`);
      if (action.kind === 'starter' && tag?.states === undefined)
        check.wrong([...path, 'tag'], 'field', `${action.tag} is not on or off; a starter needs a tag with states`);
    } else {
      if (!check.known('device', action.device, check.devices, [...path, 'device'])) return;
      const device = check.devices.get(action.device);
      if (device?.controller === undefined)
        check.wrong([...path, 'device'], 'field', `${action.device} has no controller that a switch could be wired to`);
    }
  });
}
