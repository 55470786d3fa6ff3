/**
 * The few materials of the stage. Light falls where nothing moves, so it is worked out once for each vertex (Lambert's law, `light.ts`) and stands in
 * its colour; what is left for the shaders is little enough for a processor. Solids know the state of their item (stale, under the pointer,
 * selected), pipes carry moving marks, water has patterns beside its colours, so that nothing is told by colour alone.
 */
import {
  Color,
  DataTexture,
  DoubleSide,
  FloatType,
  type IUniform,
  MeshBasicMaterial,
  NearestFilter,
  RGBAFormat,
  ShaderMaterial,
} from 'three';
import { SELECTION, TRUTH } from './palette.ts';

/** Rows of four numbers for each item, read by the vertex shaders. */
export class StateTexture {
  readonly texture: DataTexture;
  readonly data: Float32Array;
  readonly rows: number;

  /** @param count items, @param rows texels of each */
  constructor(count: number, rows: number) {
    this.rows = rows;
    const width = Math.max(1, count);
    this.data = new Float32Array(width * rows * 4);
    this.texture = new DataTexture(this.data, width, rows, RGBAFormat, FloatType);
    this.texture.minFilter = NearestFilter;
    this.texture.magFilter = NearestFilter;
    this.texture.needsUpdate = true;
    this.width = width;
  }
  private readonly width: number;

  /** Index of the first of the four numbers. */
  at(item: number, row: number): number {
    return (row * this.width + item) * 4;
  }

  changed(): void {
    this.texture.needsUpdate = true;
  }
}

const HATCH = /* glsl */ `
  /** Greyed and hatched: what has become too old to be trusted. */
  vec3 asStale(vec3 colour, float stale) {
    float line = step(0.5, fract((gl_FragCoord.x + gl_FragCoord.y) * 0.125));
    float grey = dot(colour, vec3(0.3, 0.59, 0.11));
    return mix(colour, mix(vec3(grey), vec3(0.5), 0.45) * (0.72 + 0.42 * line), stale);
  }
`;

type Patch = (shader: { vertexShader: string; fragmentShader: string; uniforms: Record<string, IUniform> }) => void;

function patched(
  key: string,
  options: ConstructorParameters<typeof MeshBasicMaterial>[0],
  patch: Patch,
): MeshBasicMaterial {
  const material = new MeshBasicMaterial(options);
  material.onBeforeCompile = patch;
  material.customProgramCacheKey = () => key;
  return material;
}

/** How a run carries what it carries, in the last number of its second row. */
export const RUN = { plain: 0, marked: 1, conductor: 2, overloaded: 3 } as const;

/**
 * Solids: colours by vertex; `item` leads to its state (stale, highlight, darkness). Where it has a half beside its number the vertex is a
 * lamp's, which darkness puts out.
 */
export function solidMaterial(states: StateTexture): MeshBasicMaterial {
  return patched('penstock-solid', { vertexColors: true }, (shader) => {
    shader.uniforms.itemStates = { value: states.texture };
    shader.uniforms.selection = { value: new Color(SELECTION) };
    shader.vertexShader = shader.vertexShader
      .replace(
        '#include <common>',
        /* glsl */ `#include <common>
        attribute float item;
        uniform sampler2D itemStates;
        varying vec4 vState;`,
      )
      .replace(
        '#include <begin_vertex>',
        /* glsl */ `#include <begin_vertex>
        vState = item < 0.0 ? vec4(0.0) : vec4(texelFetch(itemStates, ivec2(int(item), 0), 0).xyz, fract(item));`,
      );
    shader.fragmentShader = shader.fragmentShader
      .replace(
        '#include <common>',
        /* glsl */ `#include <common>
        varying vec4 vState;
        uniform vec3 selection;
        ${HATCH}`,
      )
      .replace(
        '#include <color_fragment>',
        /* glsl */ `#include <color_fragment>
        diffuseColor.rgb *= 1.0 - vState.z * (vState.w > 0.25 ? 0.86 : 0.42);
        if (vState.x > 0.5) diffuseColor.rgb = asStale(diffuseColor.rgb, 1.0);
        diffuseColor.rgb = mix(diffuseColor.rgb, selection, vState.y);`,
      );
  });
}

/**
 * Pipes and conductors. Row 0 of the states: how far the marks have gone (in marks), how strongly they show, stale, highlight; row 1: colour of
 * what flows, and how (`RUN`). A conductor is more than a
 * pixel thick, however far it is: `pixel` is how large one is at a distance of a metre.
 */
export function pipeMaterial(states: StateTexture, pixel: IUniform<number>): MeshBasicMaterial {
  return patched('penstock-pipe', { vertexColors: true }, (shader) => {
    shader.uniforms.pipeStates = { value: states.texture };
    shader.uniforms.pixel = pixel;
    shader.uniforms.selection = { value: new Color(SELECTION) };
    shader.vertexShader = shader.vertexShader
      .replace(
        '#include <common>',
        /* glsl */ `#include <common>
        attribute vec3 along;
        uniform sampler2D pipeStates;
        uniform float pixel;
        varying vec2 vAlong;
        varying vec4 vFlow;
        varying vec4 vFluid;`,
      )
      .replace(
        '#include <begin_vertex>',
        /* glsl */ `#include <begin_vertex>
        vAlong = along.xy;
        vFlow = texelFetch(pipeStates, ivec2(int(along.z), 0), 0);
        vFluid = texelFetch(pipeStates, ivec2(int(along.z), 1), 0);
        if (vFluid.w > 1.5) transformed += normal * max(0.0, length((modelViewMatrix * vec4(position, 1.0)).xyz) * pixel * 0.65 - 0.1);`,
      );
    shader.fragmentShader = shader.fragmentShader
      .replace(
        '#include <common>',
        /* glsl */ `#include <common>
        varying vec2 vAlong;
        varying vec4 vFlow;
        varying vec4 vFluid;
        uniform vec3 selection;
        ${HATCH}`,
      )
      .replace(
        '#include <color_fragment>',
        /* glsl */ `#include <color_fragment>
        // Arrow heads around the pipe, four of them, so that one is always seen whole.
        float tip = abs(fract(vAlong.y * 4.0 + 0.5) - 0.5) * 0.5;
        float run = fract(vAlong.x - vFlow.x + tip);
        float edge = fwidth(vAlong.x) * 1.2;
        float head = smoothstep(0.0, edge, run) * (1.0 - smoothstep(0.46, 0.46 + edge, run));
        head = mix(head, 0.46, clamp(edge * 1.4 - 0.5, 0.0, 1.0));
        bool wire = vFluid.w > 1.5;
        float beat = wire ? 0.5 : vFluid.w > 0.5 ? 0.6 + 0.4 * step(0.5, fract(run * 6.0)) : 1.0;
        diffuseColor.rgb = mix(diffuseColor.rgb, vFluid.rgb, wire ? 0.94 : 0.16 + 0.2 * step(0.5, vFluid.w));
        if (vFluid.w > 2.5) diffuseColor.rgb *= 0.72 + 0.28 * step(0.5, fract(vAlong.x * 4.0));
        diffuseColor.rgb = mix(diffuseColor.rgb, vFluid.rgb * beat, head * vFlow.y);
        if (vFlow.z > 0.5) diffuseColor.rgb = asStale(diffuseColor.rgb, 1.0);
        diffuseColor.rgb = mix(diffuseColor.rgb, selection, vFlow.w);`,
      );
  });
}

/**
 * Water as instances of a unit body. `mood`: stale, pattern (see `WATER_PATTERNS`), how strong it is, whether still water is not wanted (1: a
 * river, whose waves run).
 */
export function waterMaterial(time: IUniform<number>): MeshBasicMaterial {
  return patched('penstock-water', { transparent: true, opacity: 0.74, depthWrite: false }, (shader) => {
    shader.uniforms.time = time;
    shader.vertexShader = shader.vertexShader
      .replace(
        '#include <common>',
        /* glsl */ `#include <common>
        attribute vec4 mood;
        varying vec4 vMood;
        varying vec3 vPlace;
        varying vec2 vRise;
        varying float vLight;`,
      )
      .replace(
        '#include <begin_vertex>',
        /* glsl */ `#include <begin_vertex>
        vMood = mood;
        vPlace = (instanceMatrix * vec4(position, 1.0)).xyz;
        vRise = vec2((1.0 - position.y) * length(instanceMatrix[1].xyz), normal.y);
        vLight = normal.y > 0.5 ? 1.0 : 0.84 + 0.1 * normal.z - 0.08 * normal.x;`,
      );
    shader.fragmentShader = shader.fragmentShader
      .replace(
        '#include <common>',
        /* glsl */ `#include <common>
        uniform float time;
        varying vec4 vMood;
        varying vec3 vPlace;
        varying vec2 vRise;
        varying float vLight;
        ${HATCH}`,
      )
      .replace(
        '#include <color_fragment>',
        /* glsl */ `#include <color_fragment>
        bool surface = vRise.y > 0.5;
        if (!surface && vRise.x < 0.07) diffuseColor.rgb = mix(diffuseColor.rgb, vec3(1.0), 0.45);
        diffuseColor.rgb *= vLight;
        float kind = vMood.y;
        if (kind > 0.5) {
          float s = kind < 1.5 ? vPlace.x + vPlace.y + vPlace.z : kind < 2.5 ? vPlace.x - vPlace.y + vPlace.z : 0.0;
          float sign = 0.0;
          if (kind < 2.5) sign = step(0.62, fract(s * 1.4));
          else {
            vec2 cell = fract((surface ? vPlace.xz : vec2(vPlace.x + vPlace.z, vPlace.y)) * (kind < 3.5 ? 1.8 : 2.6)) - 0.5;
            sign = kind < 3.5 ? step(length(cell), 0.27) : step(abs(cell.x) + abs(cell.y), 0.16);
          }
          diffuseColor.rgb = mix(diffuseColor.rgb, diffuseColor.rgb * (kind > 3.5 ? 0.72 : 1.0) + (kind > 3.5 ? 0.0 : 0.24), sign * vMood.z);
          diffuseColor.a = mix(diffuseColor.a, 0.88, vMood.z);
        }
        if (vMood.w > 0.5 && surface) {
          float wave = sin(vPlace.z * 0.9 - time * 1.2 + sin(vPlace.x * 0.8) * 1.6) * sin(vPlace.z * 0.23 + vPlace.x * 0.4 - time * 0.5);
          diffuseColor.rgb += 0.035 * smoothstep(0.55, 0.75, wave);
        }
        if (vMood.x > 0.5) diffuseColor.rgb = asStale(diffuseColor.rgb, 1.0);`,
      );
  });
}

/** The level that is really there, where the displayed one lies: the instructor's. */
export function ghostMaterial(): ShaderMaterial {
  return new ShaderMaterial({
    transparent: true,
    depthWrite: false,
    side: DoubleSide,
    uniforms: { colour: { value: new Color(TRUTH) } },
    vertexShader: /* glsl */ `
      varying vec3 vPlace;
      varying vec2 vRise;
      void main() {
        vec4 place = instanceMatrix * vec4(position, 1.0);
        vPlace = place.xyz;
        vRise = vec2((1.0 - position.y) * length(instanceMatrix[1].xyz), normal.y);
        gl_Position = projectionMatrix * modelViewMatrix * place;
      }`,
    fragmentShader: /* glsl */ `
      uniform vec3 colour;
      varying vec3 vPlace;
      varying vec2 vRise;
      void main() {
        float dash = step(0.38, fract((vPlace.x - vPlace.z) * 1.6));
        float line = abs(vRise.y) < 0.5 ? step(vRise.x, 0.12) * dash : 0.0;
        float hatch = step(0.86, fract((vPlace.x - vPlace.z + vPlace.y) * 1.3));
        gl_FragColor = vec4(colour, max(line, 0.1 + 0.3 * hatch));
        #include <colorspace_fragment>
      }`,
  });
}

/** Panes that keep the water in without hiding it. */
export function glassMaterial(): MeshBasicMaterial {
  return new MeshBasicMaterial({ color: 0xffffff, transparent: true, opacity: 0.07, depthWrite: false });
}
