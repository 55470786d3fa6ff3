/** What a ray meets first. Buildings are met only where nothing else of the scene lies behind their wall. */
import type { Intersection, Raycaster } from 'three';
import type { Item } from './graph.ts';

const hits: Intersection[] = [];

export function nearestHit(raycaster: Raycaster, items: readonly Item[]): Item | null {
  let best: Item | null = null;
  let distance = Number.POSITIVE_INFINITY;
  let shell: Item | null = null;
  let shellDistance = Number.POSITIVE_INFINITY;
  for (const item of items) {
    if (!raycaster.ray.intersectsSphere(item.sphere)) continue;
    hits.length = 0;
    item.pick.raycast(raycaster, hits);
    for (const hit of hits) {
      if (item.kind === 'building') {
        if (hit.distance < shellDistance) {
          shell = item;
          shellDistance = hit.distance;
        }
      } else if (hit.distance < distance) {
        best = item;
        distance = hit.distance;
      }
    }
  }
  return best ?? shell;
}
