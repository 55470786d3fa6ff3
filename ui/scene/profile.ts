/** How much may be asked of this machine: software renderers are known by their name. */
export interface Profile {
  /** Drawn by the processor: half the resolution or less, no antialiasing, four pictures a second while only the clock moves. */
  readonly cheap: boolean;
  readonly renderer: string;
}

const SOFTWARE = /swiftshader|llvmpipe|softpipe|software|basic render|swrast/i;

/** Asks a WebGL context of its own for the renderer's name; undefined where there is no WebGL 2 at all. */
export function detectProfile(wanted: 'auto' | boolean): Profile | undefined {
  const gl = document.createElement('canvas').getContext('webgl2');
  if (gl === null) return undefined;
  const info = gl.getExtension('WEBGL_debug_renderer_info');
  const renderer = String(gl.getParameter(info === null ? gl.RENDERER : info.UNMASKED_RENDERER_WEBGL));
  gl.getExtension('WEBGL_lose_context')?.loseContext();
  return { cheap: wanted === 'auto' ? SOFTWARE.test(renderer) : wanted, renderer };
}
