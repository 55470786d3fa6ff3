/**
 * The stage: a plant's scene on a canvas. Draws on demand: a frame only when a value, the camera, the pointer's item or the clock changed. What
 * moves by itself moves with the clock, thirty times a second, four times in software; nothing is allocated while it does.
 */
import type { SceneSpec } from '@penstock/core/scene';
import {
  Color,
  DirectionalLight,
  type Fog,
  HemisphereLight,
  NoToneMapping,
  PerspectiveCamera,
  Raycaster,
  Spherical,
  Vector2,
  Vector3,
  WebGLRenderer,
} from 'three';
import { OrbitControls } from 'three/addons/controls/OrbitControls.js';
import type { Stage, StageItem, StageOptions, StageStats } from './api.ts';
import type { Item, SceneModel } from './graph.ts';
import { SUN } from './light.ts';
import { buildModel } from './model.ts';
import { Overlay } from './overlay.ts';
import { AMBIENCE, type Theme } from './palette.ts';
import { nearestHit } from './pick.ts';
import { detectProfile } from './profile.ts';
import { bakeShadows } from './shadows.ts';
import { type StageValue, Values } from './values.ts';

const FIELD_OF_VIEW = 38;
/** Metres from what is looked at; more on larger grounds. */
const FURTHEST = 190;
const FLIGHT_SECONDS = 0.9;
/** Width by height of the picture that presets are composed for. */
const COMPOSED_FOR = 16 / 9;
const TICK = { full: 1 / 30, cheap: 1 / 4 } as const;
/** A press that moves further than this is a drag. */
const CLICK_PIXELS = 5;
/** Most pixels of a picture that is drawn in software. */
const MOST_CHEAP_PIXELS = 270_000;

/**
 * Puts a scene on a canvas. The canvas keeps the size that its style gives it; its parent must be positioned, because names and readings are
 * drawn on a second canvas above it.
 * @throws Error where the browser has no WebGL 2
 */
export function createStage(canvas: HTMLCanvasElement, scene: SceneSpec, options: StageOptions): Stage {
  return new LiveStage(canvas, scene, options);
}

class LiveStage implements Stage {
  private readonly canvas: HTMLCanvasElement;
  private readonly options: StageOptions;
  private readonly model: SceneModel;
  private readonly values: Values;
  private readonly renderer: WebGLRenderer;
  private readonly overlay: Overlay;
  private readonly camera = new PerspectiveCamera(FIELD_OF_VIEW, 1, 0.5, 1200);
  private readonly controls: OrbitControls;
  private readonly sun = new DirectionalLight();
  private readonly heaven = new HemisphereLight();
  private readonly cheap: boolean;
  private readonly rendererName: string;
  private readonly raycaster = new Raycaster();
  private readonly spherical = new Spherical();
  private readonly pointer = new Vector2();
  private readonly from = { position: new Vector3(), target: new Vector3() };
  private readonly to = { position: new Vector3(), target: new Vector3() };
  /** Where the fog begins and hides as the scene has it, and from how far the first preset looks. */
  private readonly clear: { readonly near: number; readonly far: number };
  private readonly usual: number;
  private readonly stopping = new AbortController();
  private readonly sized = new ResizeObserver(() => this.resize());
  /** Share of a flight that is done; 1 when there is none. */
  private flown = 1;
  private frame = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private frames = 0;
  private calls = 0;
  private triangles = 0;
  private lastTime = 0;
  private drawnAt = 0;
  private time = 0;
  private clock: 'running' | 'paused' | number = 'running';
  private reduced: boolean;
  private selected: Item | null = null;
  private hovered: Item | null = null;
  private labelsOld = true;
  private lost = false;
  private pointing = false;
  private pressed: { x: number; y: number } | null = null;

  constructor(canvas: HTMLCanvasElement, scene: SceneSpec, options: StageOptions) {
    const profile = detectProfile(options.cheap ?? 'auto');
    if (profile === undefined) throw new Error('this browser has no WebGL 2');
    this.canvas = canvas;
    this.options = options;
    this.reduced = options.reducedMotion;
    this.cheap = profile.cheap;
    this.rendererName = profile.renderer;
    this.renderer = new WebGLRenderer({
      canvas,
      antialias: !profile.cheap,
      powerPreference: 'low-power',
      stencil: false,
    });
    this.renderer.toneMapping = NoToneMapping;
    // Asking whether a shader is right waits for its compilation; tests look at what it draws.
    this.renderer.debug.checkShaderErrors = false;
    this.model = buildModel(scene);
    const { near, far } = this.model.scene.fog as Fog;
    this.clear = { near, far };
    const [first] = this.model.cameras;
    this.usual = first === undefined ? 0 : new Vector3(...first.position).distanceTo(new Vector3(...first.target));
    this.values = new Values(this.model, options.truth);
    this.overlay = new Overlay(
      canvas,
      this.model,
      this.values,
      options.words ?? { true: 'true', measured: 'measured' },
    );
    this.sun.position.copy(SUN).multiplyScalar(100);
    this.model.scene.add(this.sun, this.heaven);
    this.controls = new OrbitControls(this.camera, canvas);
    this.control();
    this.listen();
    this.setTheme(options.theme);
    this.resize();
    this.jump(this.model.cameras[0]?.id ?? '');
  }

  update(values: ReadonlyMap<string, StageValue> | Iterable<readonly [string, StageValue]>): void {
    this.values.set(values);
    this.labelsOld ||= this.overlay.outdated();
    this.askSoon();
  }

  select(id: string | null): boolean {
    const item = id === null ? null : (this.model.byId.get(id) ?? null);
    if (id !== null && item === null) return false;
    this.selected = item;
    this.marked();
    return true;
  }

  flyTo(id: string): boolean {
    if (!this.aim(id)) return false;
    if (this.reduced || this.clock !== 'running') {
      this.camera.position.copy(this.to.position);
      this.controls.target.copy(this.to.target);
      this.flown = 1;
      this.controls.update();
    } else {
      this.from.position.copy(this.camera.position);
      this.from.target.copy(this.controls.target);
      this.flown = 0;
    }
    this.labelsOld = true;
    this.ask();
    return true;
  }

  orbit(right: number, up: number): void {
    this.flown = 1;
    const { camera, controls, spherical } = this;
    spherical.setFromVector3(camera.position.sub(controls.target));
    spherical.theta += (right * Math.PI) / 180;
    spherical.phi = Math.min(controls.maxPolarAngle, Math.max(0.05, spherical.phi - (up * Math.PI) / 180));
    camera.position.setFromSpherical(spherical).add(controls.target);
    this.turned();
  }

  zoom(factor: number): void {
    this.flown = 1;
    const { camera, controls } = this;
    const away = camera.position.sub(controls.target);
    away.clampLength(controls.minDistance, controls.maxDistance).multiplyScalar(factor);
    away.clampLength(controls.minDistance, controls.maxDistance).add(controls.target);
    this.turned();
  }

  private turned(): void {
    this.controls.update();
    this.labelsOld = true;
    this.ask();
  }

  setTheme(theme: Theme): void {
    const ambience = AMBIENCE[theme];
    this.model.scene.background = new Color(ambience.sky);
    (this.model.scene.fog as Fog).color.set(ambience.sky);
    this.sun.intensity = ambience.sun;
    this.heaven.color.set(ambience.heaven);
    this.heaven.groundColor.set(ambience.earth);
    this.heaven.intensity = ambience.fill;
    const { material } = this.model.ground;
    material.map?.dispose();
    material.map = bakeShadows(this.model, ambience.shadow, this.cheap ? 1024 : 2048);
    material.needsUpdate = true;
    this.values.setTheme(theme);
    this.overlay.setTheme(theme);
    this.labelsOld = true;
    this.ask();
  }

  setClock(clock: 'running' | 'paused' | number): void {
    this.clock = clock;
    if (typeof clock === 'number') {
      this.values.advance(clock - this.time, clock);
      this.time = clock;
    }
    this.lastTime = 0;
    this.ask();
  }

  setReducedMotion(reduced: boolean): void {
    this.reduced = reduced;
    this.controls.enableDamping = !reduced && !this.cheap;
    this.ask();
  }

  resize(): void {
    const { clientWidth: width, clientHeight: height, offsetLeft, offsetTop } = this.canvas;
    if (width === 0 || height === 0) return;
    const ratio = Math.min(2, window.devicePixelRatio || 1);
    // On a large window half the resolution is still too much for a processor.
    const coarse = Math.min(0.5, Math.sqrt(MOST_CHEAP_PIXELS / (width * height)));
    const used = this.cheap ? coarse : ratio;
    this.renderer.setPixelRatio(used);
    this.model.pixel.value = (2 * Math.tan((FIELD_OF_VIEW * Math.PI) / 360)) / (height * used);
    this.renderer.setSize(width, height, false);
    this.overlay.resize(offsetLeft, offsetTop, width, height, ratio);
    this.camera.aspect = width / height;
    this.camera.updateProjectionMatrix();
    this.labelsOld = true;
    this.ask();
  }

  stats(): StageStats {
    const { calls, triangles, frames, cheap, rendererName } = this;
    return { calls, triangles, frames, cheap, renderer: rendererName };
  }

  items(): readonly StageItem[] {
    return this.model.items.map(({ id, kind, name, area, tags }) => ({ id, kind, name, area, tags }));
  }

  screenPosition(id: string): { x: number; y: number } | null {
    const item = this.model.byId.get(id);
    if (item === undefined) return null;
    this.camera.updateMatrixWorld();
    const { x, y, z } = item.anchor.clone().project(this.camera);
    if (Math.abs(x) > 1 || Math.abs(y) > 1 || Math.abs(z) > 1) return null;
    return { x: ((x + 1) / 2) * this.canvas.clientWidth, y: ((1 - y) / 2) * this.canvas.clientHeight };
  }

  itemAt(x: number, y: number): string | null {
    return this.hit(x, y)?.id ?? null;
  }

  dispose(): void {
    this.stopping.abort();
    this.sized.disconnect();
    cancelAnimationFrame(this.frame);
    clearTimeout(this.timer);
    this.controls.dispose();
    this.overlay.dispose();
    this.model.dispose();
    this.renderer.dispose();
  }

  private control(): void {
    const { controls } = this;
    controls.enableDamping = !this.reduced && !this.cheap;
    controls.dampingFactor = 0.12;
    controls.maxPolarAngle = Math.PI * 0.485;
    controls.minDistance = 4;
    // As far as the whole of the ground is seen from.
    controls.maxDistance = Math.max(FURTHEST, Math.max(...this.model.spec.ground) * 1.6);
    controls.screenSpacePanning = false;
    controls.keyPanSpeed = 24;
    controls.listenToKeyEvents(this.canvas);
    controls.addEventListener('change', () => {
      this.labelsOld = true;
      this.ask();
    });
    controls.addEventListener('start', () => {
      this.flown = 1;
    });
  }

  private listen(): void {
    const { canvas } = this;
    const { signal } = this.stopping;
    canvas.addEventListener(
      'pointermove',
      (event) => {
        this.pointer.set(event.offsetX, event.offsetY);
        if (event.buttons === 0) this.pointing = true;
        this.ask();
      },
      { signal, passive: true },
    );
    canvas.addEventListener('pointerleave', () => this.hover(null), { signal });
    canvas.addEventListener(
      'pointerdown',
      ({ offsetX: x, offsetY: y }) => {
        this.pressed = { x, y };
      },
      { signal },
    );
    canvas.addEventListener(
      'pointerup',
      ({ offsetX: x, offsetY: y }) => {
        const { pressed } = this;
        this.pressed = null;
        if (pressed === null || Math.hypot(x - pressed.x, y - pressed.y) > CLICK_PIXELS) return;
        this.options.onPick(this.itemAt(x, y));
      },
      { signal },
    );
    canvas.addEventListener(
      'webglcontextlost',
      (event) => {
        event.preventDefault();
        this.lost = true;
        this.options.onContextLost?.(true);
      },
      { signal },
    );
    canvas.addEventListener(
      'webglcontextrestored',
      () => {
        this.lost = false;
        this.options.onContextLost?.(false);
        this.ask();
      },
      { signal },
    );
    document.addEventListener('visibilitychange', () => this.ask(), { signal });
    this.sized.observe(canvas);
  }

  private hit(x: number, y: number): Item | null {
    const { clientWidth, clientHeight } = this.canvas;
    ndc.set((x / clientWidth) * 2 - 1, 1 - (y / clientHeight) * 2);
    this.camera.updateMatrixWorld();
    this.raycaster.setFromCamera(ndc, this.camera);
    return nearestHit(this.raycaster, this.model.items);
  }

  private hover(item: Item | null): void {
    if (item === this.hovered) return;
    this.hovered = item;
    this.canvas.style.cursor = item === null ? '' : 'pointer';
    this.options.onHover(item?.id ?? null);
    this.marked();
  }

  private marked(): void {
    this.values.point(this.hovered, this.selected);
    this.overlay.mark(this.hovered, this.selected);
    this.labelsOld = true;
    this.ask();
  }

  private jump(id: string): void {
    if (!this.aim(id)) return;
    this.camera.position.copy(this.to.position);
    this.controls.target.copy(this.to.target);
    this.controls.update();
  }

  /** Sets the goal of a flight. */
  private aim(id: string): boolean {
    const preset = this.model.cameras.find((camera) => camera.id === id);
    if (preset !== undefined) {
      this.to.position.set(...preset.position);
      this.to.target.set(...preset.target);
      if (preset === this.model.cameras[0]) this.standBack();
      return true;
    }
    const item = this.model.byId.get(id);
    if (item === undefined) return false;
    const { center, radius } = item.sphere;
    const reach = Math.max(6, (radius * 1.45) / Math.tan((FIELD_OF_VIEW * Math.PI) / 360));
    this.to.target.copy(center);
    // From the side on which the camera is, but never from behind the cut-away fronts.
    this.to.position.copy(this.camera.position).sub(this.controls.target).setY(0).normalize();
    if (this.to.position.z < 0.35) this.to.position.set(0.45, 0, 0.9).normalize();
    this.to.position
      .multiplyScalar(reach * 0.86)
      .setY(reach * 0.56)
      .add(center);
    return true;
  }

  /** The first preset shows all of the site: from further away where the canvas is narrower than it was composed for. */
  private standBack(): void {
    const { position, target } = this.to;
    const narrower = COMPOSED_FOR / this.camera.aspect;
    if (narrower <= 1) return;
    const away = position.distanceTo(target);
    const wanted = Math.min(away * narrower, this.controls.maxDistance);
    if (wanted > away) position.sub(target).setLength(wanted).add(target);
  }

  /** Asks for one frame. */
  private ask(): void {
    if (this.frame !== 0 || this.stopping.signal.aborted) return;
    this.frame = requestAnimationFrame(this.draw);
  }

  /** Asks for a frame that nobody waits for: in the rhythm of the clock where frames are dear. */
  private askSoon(): void {
    if (this.timer !== undefined || this.frame !== 0) return;
    const wait = this.cheap ? TICK.cheap * 1000 - (performance.now() - this.drawnAt) : 0;
    if (wait <= 0) this.ask();
    else this.timer = setTimeout(this.tick, wait);
  }

  private readonly tick = (): void => {
    this.timer = undefined;
    this.ask();
  };

  private readonly draw = (now: number): void => {
    this.frame = 0;
    // Whatever a later frame was asked for is in this one.
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.lost || document.hidden) return;
    const seconds = this.lastTime === 0 ? 0 : Math.min(0.5, (now - this.lastTime) / 1000);
    this.lastTime = now;
    const running = this.clock === 'running' && !this.reduced;
    if (running && seconds > 0) {
      this.time += seconds;
      this.values.advance(seconds, this.time);
    }
    const flying = this.fly(seconds);
    const gliding = this.controls.enableDamping && this.controls.update();
    if (this.pointing) {
      this.pointing = false;
      this.hover(this.hit(this.pointer.x, this.pointer.y));
    }
    this.haze();
    this.renderer.render(this.model.scene, this.camera);
    const { render } = this.renderer.info;
    this.calls = render.calls;
    this.triangles = render.triangles;
    this.frames++;
    this.drawnAt = now;
    if (this.labelsOld) {
      this.labelsOld = false;
      this.overlay.draw(this.camera);
    }
    if (flying || gliding) this.ask();
    else if (running && this.values.moving)
      this.timer = setTimeout(this.tick, (this.cheap ? TICK.cheap : TICK.full) * 1000);
    else if (!running) this.lastTime = 0;
  };

  /** From further away than the first preset one sees as far beyond what one looks at as from there. */
  private haze(): void {
    const further = Math.max(0, this.camera.position.distanceTo(this.controls.target) - this.usual);
    const fog = this.model.scene.fog as Fog;
    fog.near = this.clear.near + further;
    fog.far = this.clear.far + further;
  }

  private fly(seconds: number): boolean {
    if (this.flown >= 1) return false;
    this.flown = Math.min(1, this.flown + seconds / FLIGHT_SECONDS);
    const t = this.flown;
    const eased = t * t * (3 - 2 * t);
    this.camera.position.lerpVectors(this.from.position, this.to.position, eased);
    this.controls.target.lerpVectors(this.from.target, this.to.target, eased);
    this.controls.update();
    this.labelsOld = true;
    return this.flown < 1;
  }
}

const ndc = new Vector2();
