/* port_map.js — the map of the relay ports, coloured by owner. */
"use strict";

const MAP_LABEL_PX = 46;
const MAP_CELL_MAX_PX = 14;
const MAP_ROW_STEP = 8; /* a row has a multiple of so many ports */

class PortMap {
  /* |ask| is called with a port that was chosen. */
  constructor({ canvas, spot, legend, ask }) {
    Object.assign(this, { canvas, spot, legend });
    this.lowest = this.highest = 0;
    this.owners = new Int16Array(0); /* by port - lowest; -1: not open */
    this.outside = []; /* [port, shard] of open ports that are not in the range */
    this.shards = [];
    this.only = null; /* the shard whose ports stand out */
    this.cursor = null; /* of the keyboard */
    this.hover = null; /* under the pointer */
    this.marked = null; /* what was looked up */
    new ResizeObserver(() => this.draw()).observe(canvas.parentElement);
    DARK.addEventListener("change", () => this.showLegend());
    canvas.addEventListener("pointermove", (event) => this.point(this.portAt(event)));
    canvas.addEventListener("pointerleave", () => this.point(null));
    canvas.addEventListener("click", (event) => {
      const port = this.portAt(event);
      if (port !== null) ask(port);
    });
    canvas.addEventListener("keydown", (event) => this.key(event, ask));
    canvas.addEventListener("focus", () => this.moveTo(this.cursor ?? this.lowest));
    canvas.addEventListener("blur", () => this.draw());
  }

  setShards(shards) {
    this.shards = shards;
    this.showLegend();
  }

  setPorts({ lowest_port: lowest, highest_port: highest, runs }) {
    this.lowest = lowest;
    this.highest = highest;
    this.owners = new Int16Array(highest - lowest + 1).fill(-1);
    this.outside = [];
    for (const [first, last, shard] of runs)
      for (let port = first; port <= last; port++)
        if (port >= lowest && port <= highest) this.owners[port - lowest] = shard;
        else this.outside.push([port, shard]);
    if (this.cursor !== null) this.cursor = this.within(this.cursor);
    this.draw();
    this.showLegend();
  }

  mark(port) {
    this.marked = port;
    this.draw();
  }

  point(port) {
    if (port === this.hover) return;
    this.hover = port;
    this.draw();
  }

  moveTo(port) {
    this.cursor = this.within(port);
    this.draw();
  }

  within(port) {
    return Math.min(this.highest, Math.max(this.lowest, port));
  }

  key(event, ask) {
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -this.columns, ArrowDown: this.columns,
      PageUp: -8 * this.columns, PageDown: 8 * this.columns, Home: -65536, End: 65536 };
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === "Enter") ask(this.cursor);
    else if (event.key in steps) this.moveTo(this.cursor + steps[event.key]);
    else return;
    event.preventDefault();
  }

  sliceOf(port) {
    return this.shards.find((s) => port >= s.lowest_port && port <= s.highest_port)?.shard ?? null;
  }

  describe(port) {
    const owner = this.owners[port - this.lowest];
    const slice = this.sliceOf(port);
    if (owner < 0) return `port ${port}: not open, slice of shard ${slice ?? NONE}`;
    return `port ${port}: open, shard ${owner}` +
      (owner === slice ? "" : `, in the slice of shard ${slice ?? NONE}`);
  }

  /* Cells in whole pixels of the screen, as large as fit. */
  layOut() {
    const ratio = devicePixelRatio || 1;
    const width = this.canvas.clientWidth - MAP_LABEL_PX;
    const count = this.owners.length;
    const tallest = Math.max(390, width * 0.36) * ratio;
    for (this.cell = Math.round(MAP_CELL_MAX_PX * ratio); ; this.cell--) {
      const fitting = Math.floor((width * ratio) / this.cell / MAP_ROW_STEP) * MAP_ROW_STEP;
      this.columns = Math.max(MAP_ROW_STEP, fitting);
      this.rows = Math.ceil(count / this.columns);
      if (this.cell === 1 || (fitting > 0 && this.rows * this.cell <= tallest)) break;
    }
    this.left = Math.round(MAP_LABEL_PX * ratio);
    this.canvas.style.height = `${(this.rows * this.cell) / ratio}px`;
    this.canvas.width = Math.round(this.canvas.clientWidth * ratio);
    this.canvas.height = this.rows * this.cell;
  }

  portAt(event) {
    const ratio = devicePixelRatio || 1;
    const column = Math.floor((event.offsetX * ratio - this.left) / this.cell);
    const row = Math.floor((event.offsetY * ratio) / this.cell);
    const at = row * this.columns + column;
    return column < 0 || column >= this.columns || row < 0 || at >= this.owners.length
      ? null : this.lowest + at;
  }

  draw() {
    this.showSpot();
    if (this.owners.length === 0 || this.canvas.clientWidth === 0) return;
    this.layOut();
    const context = this.canvas.getContext("2d");
    const { cell, columns, left } = this;
    const gap = cell >= 4 ? 1 : 0;
    const colours = new Map();
    const colour = (make, shard) => {
      const key = `${make.name}${shard}`;
      if (!colours.has(key)) colours.set(key, shard === null ? themeColour("--grid") : rgb(make(shard)));
      return colours.get(key);
    };
    let slice = null;
    for (let i = 0; i < this.owners.length; i++) {
      const port = this.lowest + i;
      if (!slice || port > slice.highest_port)
        slice = this.shards.find((s) => port >= s.lowest_port && port <= s.highest_port);
      const owner = this.owners[i];
      const shard = owner >= 0 ? owner : slice?.shard ?? null;
      context.fillStyle = owner >= 0 ? colour(shardColour, owner) : colour(sliceColour, shard);
      context.globalAlpha = this.only === null || this.only === shard ? 1 : 0.22;
      context.fillRect(left + (i % columns) * cell, Math.floor(i / columns) * cell, cell - gap, cell - gap);
    }
    context.globalAlpha = 1;
    this.drawLabels(context);
    if (this.marked !== null) this.ring(context, this.marked, "--text", 3);
    if (document.activeElement === this.canvas) this.ring(context, this.cursor, "--focus", 2);
    if (this.hover !== null) this.ring(context, this.hover, "--text", 1);
  }

  drawLabels(context) {
    const ratio = devicePixelRatio || 1;
    const every = 2 ** Math.max(0, Math.ceil(Math.log2((26 * ratio) / this.cell)));
    const { fontFamily } = getComputedStyle(this.canvas);
    context.font = `${11 * ratio}px ${fontFamily}`;
    context.fillStyle = themeColour("--muted");
    context.textAlign = "left";
    context.textBaseline = "top";
    for (let row = 0; row < this.rows; row += every)
      context.fillText(String(this.lowest + row * this.columns), 0, row * this.cell);
  }

  ring(context, port, colour, width) {
    const at = port - this.lowest;
    if (at < 0 || at >= this.owners.length) return;
    const ratio = devicePixelRatio || 1;
    const out = width * ratio;
    const x = this.left + (at % this.columns) * this.cell;
    const y = Math.floor(at / this.columns) * this.cell;
    context.lineWidth = Math.max(1, out * 0.7);
    context.strokeStyle = themeColour("--panel");
    context.strokeRect(x - out * 1.4, y - out * 1.4, this.cell + out * 2.8, this.cell + out * 2.8);
    context.strokeStyle = themeColour(colour);
    context.strokeRect(x - out * 0.7, y - out * 0.7, this.cell + out * 1.4, this.cell + out * 1.4);
  }

  showSpot() {
    const focused = document.activeElement === this.canvas;
    const port = this.hover ?? (focused ? this.cursor : null);
    const open = this.owners.reduce((count, owner) => count + (owner >= 0), 0);
    const outside = this.outside.length === 0 ? ""
      : `, and ${whole(this.outside.length)} outside their range`;
    this.spot.setAttribute("aria-live", focused ? "polite" : "off");
    setText(this.spot, this.owners.length === 0 ? ""
      : port !== null ? this.describe(port)
        : `${whole(open)} of ${whole(this.owners.length)} open${outside}`);
  }

  showLegend() {
    while (this.legend.children.length > this.shards.length) this.legend.lastChild.remove();
    const open = new Map();
    for (const owner of this.owners) if (owner >= 0) open.set(owner, (open.get(owner) ?? 0) + 1);
    this.shards.forEach(({ shard, state }, i) => {
      const button = this.legend.children[i]?.firstChild ?? this.addLegend();
      const [key, name, count, amiss] = button.children;
      key.style.background = rgb(shardColour(shard));
      button.dataset.shard = shard;
      button.setAttribute("aria-pressed", String(this.only === shard));
      setText(name, `shard ${shard}`);
      setText(count, whole(open.get(shard) ?? 0));
      setText(amiss, tone(state) === "bad" ? state : "");
    });
  }

  addLegend() {
    const button = element("button", { type: "button" },
      element("i", { className: "key", "aria-hidden": "true" }), element("span"),
      element("span", { className: "muted" }), element("em"));
    button.addEventListener("click", () => {
      const shard = Number(button.dataset.shard);
      this.only = this.only === shard ? null : shard;
      this.showLegend();
      this.draw();
    });
    this.legend.append(element("li", {}, button));
    return button;
  }
}
