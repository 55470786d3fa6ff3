import { type BufferGeometry, InstancedMesh, Mesh } from 'three';
import type { SceneModel } from '../graph.ts';

/** Draw calls and triangles when all of a scene is in the picture. */
export function weigh(model: SceneModel): { calls: number; triangles: number } {
  let calls = 0;
  let triangles = 0;
  model.scene.traverse((object) => {
    if (!(object instanceof Mesh)) return;
    const { geometry } = object as Mesh<BufferGeometry>;
    calls++;
    triangles += ((geometry.index?.count ?? 0) / 3) * (object instanceof InstancedMesh ? object.count : 1);
  });
  return { calls, triangles };
}
