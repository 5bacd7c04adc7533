/* graph.js — a live graph of one or two series over the last minutes. */
"use strict";

const GRAPH_SEC = 300;
const GRAPH_FIRST_SEC = 60; /* on show at the beginning, when there is little to see */
/* More than this between two points is a gap: nothing is known of the time between. */
const GRAPH_GAP_SEC = 8;

class Graph {
  /* |series|: [{label, colour (a name of page.css)}]; |unit| goes behind a value. */
  constructor(figure, { title, unit, series }) {
    this.unit = unit;
    this.series = series;
    this.points = []; /* {at, values} in seconds of the relay's clock; values null: a gap */
    this.hover = null;
    this.canvas = element("canvas", { role: "img" });
    this.title = title;
    this.values = series.map(({ label, colour }, i) => {
      const value = element("b", { text: NONE });
      const key = element("i", { className: "key", "aria-hidden": "true" });
      key.style.background = i === 0 ? `var(${colour})`
        : `repeating-linear-gradient(90deg, var(${colour}) 0 4px, transparent 4px 6px)`;
      return { value, node: element("span", { className: "value" }, ...(label ? [key] : []), value,
        element("span", { className: "unit", text: unit + (label ? ` ${label}` : "") })) };
    });
    this.note = element("span", { className: "when muted" });
    figure.append(
      element("figcaption", {}, element("h2", { text: title }), this.note,
        element("div", { className: "values" }, ...this.values.map(({ node }) => node))),
      this.canvas);
    new ResizeObserver(() => this.draw()).observe(this.canvas);
    this.canvas.addEventListener("pointermove", (event) => this.point(event.offsetX));
    this.canvas.addEventListener("pointerleave", () => this.point(null));
  }

  point(x) {
    this.hover = x;
    this.draw();
  }

  /* Adds what was measured at |at|; |values| null when nothing is known. */
  add(at, values) {
    const last = this.points.at(-1);
    if (last && at - last.at > GRAPH_GAP_SEC && values) this.points.push({ at: last.at, values: null });
    this.points.push({ at, values });
    while (this.points.length > 0 && this.points[0].at < at - GRAPH_SEC - GRAPH_GAP_SEC)
      this.points.shift();
    this.draw();
  }

  clear() {
    this.points = [];
  }

  /* A round figure at or above the largest value on show. */
  ceiling() {
    const largest = Math.max(0, ...this.points.flatMap(({ values }) => values ?? []));
    if (largest <= 4) return 4;
    const size = 10 ** Math.floor(Math.log10(largest));
    return [1, 1.5, 2, 3, 4, 5, 6, 8, 10].map((n) => n * size).find((n) => n >= largest * 1.02)
      ?? 15 * size;
  }

  draw() {
    const width = this.canvas.clientWidth;
    const height = this.canvas.clientHeight;
    const ratio = devicePixelRatio || 1;
    if (width === 0 || height === 0) return;
    if (this.canvas.width !== Math.round(width * ratio) ||
        this.canvas.height !== Math.round(height * ratio)) {
      this.canvas.width = Math.round(width * ratio);
      this.canvas.height = Math.round(height * ratio);
    }
    const context = this.canvas.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    const now = this.points.at(-1)?.at ?? 0;
    const top = 14;
    const bottom = height - 15;
    const max = this.ceiling();
    const span = Math.min(GRAPH_SEC, Math.max(GRAPH_FIRST_SEC, now - (this.points[0]?.at ?? now)));
    const x = (at) => width - ((now - at) / span) * width;
    const y = (value) => bottom - (value / max) * (bottom - top);
    this.drawGrid(context, width, top, bottom, max, span);
    this.series.forEach((series, i) => this.drawSeries(context, i, series, x, y, bottom));
    this.showValues(context, x, y, now, top, bottom);
  }

  drawGrid(context, width, top, bottom, max, span) {
    context.font = getComputedStyle(this.canvas).font;
    context.lineWidth = 1;
    context.strokeStyle = themeColour("--grid");
    context.fillStyle = themeColour("--muted");
    for (const part of [0, 0.5, 1]) {
      const at = Math.round(bottom - part * (bottom - top)) + 0.5;
      context.beginPath();
      context.moveTo(0, at);
      context.lineTo(width, at);
      context.stroke();
    }
    context.textBaseline = "bottom";
    context.textAlign = "left";
    context.fillText(short(max).replace(/(\.\d*?)0+(?!\d)/, "$1").replace(/\.(?!\d)/, ""), 0, top - 1);
    context.textBaseline = "top";
    context.fillText(`−${duration(span)}`, 0, bottom + 4);
    context.textAlign = "right";
    context.fillText("now", width, bottom + 4);
  }

  drawSeries(context, index, { colour }, x, y, bottom) {
    const runs = [[]];
    for (const { at, values } of this.points)
      if (values === null) runs.push([]);
      else runs.at(-1).push([x(at), y(values[index])]);
    context.strokeStyle = context.fillStyle = themeColour(colour);
    context.lineJoin = "round";
    for (const run of runs.filter((points) => points.length > 0)) {
      context.beginPath();
      for (const [px, py] of run) context.lineTo(px, py);
      if (run.length === 1) context.lineTo(run[0][0] - 1, run[0][1]);
      /* Dashed, the second one is seen on the first as well, and without colours. */
      context.setLineDash(index === 0 ? [] : [4, 3]);
      context.lineWidth = 1.5;
      context.stroke();
      context.setLineDash([]);
      if (this.series.length > 1) continue;
      context.lineTo(run.at(-1)[0], bottom);
      context.lineTo(run[0][0], bottom);
      context.closePath();
      context.globalAlpha = 0.1;
      context.fill();
      context.globalAlpha = 1;
    }
  }

  /* The values in the caption: those under the pointer, else the last ones. */
  showValues(context, x, y, now, top, bottom) {
    let shown = this.points.at(-1);
    let when = "";
    if (this.hover !== null && this.points.length > 0) {
      shown = this.points.reduce((best, point) =>
        Math.abs(x(point.at) - this.hover) < Math.abs(x(best.at) - this.hover) ? point : best);
      when = shown.at === now ? "" : `${duration(now - shown.at)} ago`;
      context.strokeStyle = themeColour("--muted");
      context.lineWidth = 1;
      context.beginPath();
      context.moveTo(Math.round(x(shown.at)) - 0.5, top);
      context.lineTo(Math.round(x(shown.at)) - 0.5, bottom);
      context.stroke();
    }
    setText(this.note, when);
    this.values.forEach(({ value }, i) =>
      setText(value, shown?.values ? short(shown.values[i]) : NONE));
    const last = this.points.at(-1)?.values;
    this.canvas.setAttribute("aria-label", `${this.title}: ` + (last
      ? this.series.map(({ label }, i) => `${short(last[i])} ${this.unit} ${label ?? ""}`).join(", ")
      : "not known yet"));
  }
}
