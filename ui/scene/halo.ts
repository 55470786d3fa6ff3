/** Marks around the foot of an item: its alarm (in the shape and colour of the priority) and the frame of what is selected. */
import { Color, DoubleSide, ShaderMaterial } from 'three';
import { PRIORITIES, SELECTION, TRUTH } from './palette.ts';

/** What a halo shows, in its instance's first number. */
export const HALO = { none: 0, low: 1, medium: 2, high: 3, selected: 4, truth: 5 } as const;

/**
 * A plane a little over the ground. `look`: kind, half of its sides in metres, whether it blinks. High alarms have a thick double line,
 * medium a single one, low a dotted one; a selection has corners only.
 */
export function haloMaterial(): ShaderMaterial {
  const { low, medium, high } = PRIORITIES;
  return new ShaderMaterial({
    transparent: true,
    depthWrite: false,
    side: DoubleSide,
    polygonOffset: true,
    polygonOffsetFactor: -4,
    polygonOffsetUnits: -4,
    uniforms: {
      colours: {
        value: [low, medium, high]
          .map(({ colour }) => new Color(colour))
          .concat(new Color(SELECTION), new Color(TRUTH)),
      },
      blink: { value: 1 },
    },
    vertexShader: /* glsl */ `
      attribute vec4 look;
      varying vec2 vAt;
      varying vec4 vLook;
      void main() {
        vLook = look;
        vAt = position.xz * 2.0 * look.yz;
        gl_Position = projectionMatrix * modelViewMatrix * instanceMatrix * vec4(position, 1.0);
      }`,
    fragmentShader: /* glsl */ `
      uniform vec3 colours[5];
      uniform float blink;
      varying vec2 vAt;
      varying vec4 vLook;
      float line(float distance, float from, float to) {
        float edge = fwidth(distance);
        return smoothstep(from - edge, from, distance) * (1.0 - smoothstep(to, to + edge, distance));
      }
      void main() {
        int kind = int(vLook.x + 0.5);
        vec2 away = abs(vAt) - (vLook.yz - 1.0);
        float distance = length(max(away, 0.0)) + min(max(away.x, away.y), 0.0);
        float alpha = 0.0;
        if (kind == 3) alpha = max(line(distance, 0.18, 0.46), line(distance, 0.64, 0.78));
        else if (kind == 2) alpha = line(distance, 0.24, 0.48);
        else if (kind == 1) alpha = line(distance, 0.28, 0.44) * step(0.4, fract((vAt.x + vAt.y) * 1.1));
        else if (kind == 4) {
          vec2 corner = abs(vAt) / vLook.yz;
          alpha = line(distance, 0.02, 0.14) * step(0.62, min(corner.x, corner.y) + 0.12);
        } else if (kind == 5) alpha = line(distance, 0.24, 0.4) * step(0.5, fract((vAt.x - vAt.y) * 0.8));
        if (kind <= 3 && kind >= 1) {
          alpha = max(alpha, 0.2 * (1.0 - smoothstep(0.0, 1.0, distance)) * step(0.0, distance));
          alpha *= mix(1.0, blink, vLook.w);
        }
        if (alpha < 0.02) discard;
        gl_FragColor = vec4(colours[max(kind - 1, 0)], alpha);
        #include <colorspace_fragment>
      }`,
  });
}
