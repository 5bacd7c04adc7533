/* colours.js — a colour for each shard, apart from its neighbours', in light and dark. */
"use strict";

const DARK = matchMedia("(prefers-color-scheme: dark)");
const GOLDEN_ANGLE = 137.508;

/* OKLCH, in which equal lightness looks equally light, as rgb(). */
function oklch(lightness, chroma, hue) {
  const a = chroma * Math.cos((hue * Math.PI) / 180);
  const b = chroma * Math.sin((hue * Math.PI) / 180);
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const channel = (linear) => {
    const c = Math.min(1, Math.max(0, linear));
    return Math.round(255 * (c <= 0.0031308 ? 12.92 * c : 1.055 * c ** (1 / 2.4) - 0.055));
  };
  return [
    channel(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    channel(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    channel(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ];
}

/* [red, green, blue] of an open port of |shard|. */
function shardColour(shard) {
  const step = [0, 0.09, -0.07][shard % 3];
  const lightness = (DARK.matches ? 0.72 : 0.57) + step;
  return oklch(lightness, 0.135, 258 + shard * GOLDEN_ANGLE);
}

/* The same for a port of its slice that is not open. */
function sliceColour(shard) {
  const hue = 258 + shard * GOLDEN_ANGLE;
  return DARK.matches ? oklch(0.27 + 0.02 * (shard % 2), 0.03, hue)
    : oklch(0.945 - 0.02 * (shard % 2), 0.022, hue);
}

function rgb([r, g, b]) {
  return `rgb(${r} ${g} ${b})`;
}

/* A colour of page.css. */
function themeColour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}
