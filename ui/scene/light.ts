/** The light of the site: a sun and a sky, the same for all times of the day. */
import { Color, Vector3 } from 'three';
import { AMBIENCE, type Theme } from './palette.ts';

/** Where the sun is: in the south-west, rather high, as on drawings. */
export const SUN = new Vector3(-0.55, 1, 0.62).normalize();

/** Light by direction of a surface: Lambert's law for the sun, half and half of sky and earth for the rest. */
export class Light {
  private readonly heaven: Color;
  private readonly earth: Color;
  private readonly sun: number;

  constructor(theme: Theme) {
    const { heaven, earth, fill, sun } = AMBIENCE[theme];
    this.heaven = new Color(heaven).multiplyScalar(fill / Math.PI);
    this.earth = new Color(earth).multiplyScalar(fill / Math.PI);
    this.sun = sun / Math.PI;
  }

  /** Multiplies `colour` by what falls on a surface that looks towards (x, y, z). */
  fall(colour: Color, x: number, y: number, z: number): Color {
    const direct = this.sun * Math.max(0, x * SUN.x + y * SUN.y + z * SUN.z);
    const up = 0.5 + 0.5 * y;
    const { heaven, earth } = this;
    colour.r *= direct + earth.r + (heaven.r - earth.r) * up;
    colour.g *= direct + earth.g + (heaven.g - earth.g) * up;
    colour.b *= direct + earth.b + (heaven.b - earth.b) * up;
    return colour;
  }
}
