/* shards.js — what two readings tell of each shard, and the tables of them. */
"use strict";

/* The counters of which rates are shown. */
const COUNTED = ["to_peer_packets", "to_peer_bytes", "to_client_packets", "to_client_bytes",
  "misrouted", "redirected", "taken_over", "dropped", "cpu_msec"];

/* What |reading| has of the process of |shard|, which counts from its start; undefined when it was
 * another one. */
function sameProcess(reading, shard) {
  return reading?.shards.find((old) => old.shard === shard.shard && old.pid === shard.pid &&
    old.uptime_sec <= shard.uptime_sec);
}

/* Rates a second of each shard of |reading|, since |before|; null where nothing can be said: the
 * process is another one, or did not get to count. */
function ratesOf(reading, before) {
  const seconds = (reading.mono_msec - (before?.mono_msec ?? reading.mono_msec)) / 1000;
  return reading.shards.map((shard) => {
    const old = sameProcess(before, shard);
    if (!old || seconds <= 0 || !isAwake(shard)) return null;
    return Object.fromEntries(COUNTED.map((name) => [name, shard[name] === null ||
      old[name] === null ? null : Math.max(0, shard[name] - old[name]) / seconds]));
  });
}

function isAwake({ state }) {
  return state === "serving" || state === "draining" || state === "starting";
}

function tone(state) {
  return state === "serving" ? "good" : state === "draining" || state === "starting" ? "fair" : "bad";
}

const rate = (name, factor = 1) => (shard, rates) =>
  rates && rates[name] !== null ? short(rates[name] * factor) : NONE;
const sum = (list, pick) => list.reduce((total, item) => total + (pick(item) ?? 0), 0);

/* The columns. |show| gives the text of a shard, |total| that of all. */
const COLUMNS = [
  { title: "Seen", show: (s) => s.age_msec === null ? NONE : isAwake(s) ? "now"
    : `${duration(s.age_msec / 1000)} ago` },
  { title: "Up", show: (s) => s.uptime_sec === null ? NONE : duration(s.uptime_sec) },
  { title: "Process", show: (s) => s.pid === null ? NONE : String(s.pid) },
  { title: "CPU", unit: "%", show: rate("cpu_msec", 0.1), total: true },
  { title: "Relay ports", show: (s) => `${s.lowest_port}–${s.highest_port}` },
  { title: "Allocations", bar: true, show: (s) => whole(s.allocations), add: (s) => s.allocations },
  { title: "of", show: (s) => whole(s.capacity), add: (s) => s.capacity },
  { title: "Channels", show: (s) => whole(s.channels), add: (s) => s.channels },
  { group: "To peers", title: "pkt/s", show: rate("to_peer_packets"), total: true },
  { group: "To peers", title: "bit/s", show: rate("to_peer_bytes", 8), total: true },
  { group: "To clients", title: "pkt/s", show: rate("to_client_packets"), total: true },
  { group: "To clients", title: "bit/s", show: rate("to_client_bytes", 8), total: true },
  { group: "Misrouted /s", title: "seen", show: rate("misrouted"), total: true },
  { group: "Misrouted /s", title: "out", show: rate("redirected"), total: true },
  { group: "Misrouted /s", title: "in", show: rate("taken_over"), total: true },
  { title: "Drops", unit: "/s", show: rate("dropped"), total: true },
  { title: "Registry", show: (s) => s.registry === null ? NONE : !s.registry ? "away"
    : s.lease ? "ok" : "no lease" },
];

class ShardTable {
  constructor(table) {
    const head = [element("tr"), element("tr")];
    head[0].append(element("th", { text: "Shard", rowspan: 2, scope: "col" }),
      element("th", { text: "State", rowspan: 2, scope: "col", className: "text" }));
    let group = null;
    for (const column of COLUMNS) {
      const title = column.title + (column.unit ? ` ${column.unit}` : "");
      if (!column.group) {
        head[0].append(element("th", { text: title, rowspan: 2, scope: "col" }));
      } else {
        if (group?.textContent !== column.group) {
          group = element("th", { text: column.group, colspan: 0, scope: "colgroup", className: "group" });
          head[0].append(group);
        }
        group.colSpan += group.hasAttribute("data-begun") ? 1 : 0;
        group.setAttribute("data-begun", "");
        head[1].append(element("th", { text: title, scope: "col" }));
      }
    }
    this.body = element("tbody");
    this.foot = element("tr", {}, element("th", { text: "All", scope: "row" }), element("td"),
      ...COLUMNS.map(() => element("td")));
    table.append(element("thead", {}, ...head), this.body, element("tfoot", {}, this.foot));
    DARK.addEventListener("change", () => this.paint());
  }

  paint() {
    for (const row of this.body.rows)
      row.querySelector(".key").style.background = rgb(shardColour(Number(row.dataset.shard)));
  }

  addRow() {
    const row = element("tr", {}, element("th", { scope: "row" },
      element("i", { className: "key", "aria-hidden": "true" }), element("span")),
    element("td", { className: "text" }, element("span", { className: "state" })),
    ...COLUMNS.map((column) => element("td", { className: column.bar ? "bar" : "" })));
    this.body.append(row);
    return row;
  }

  show(shards, rates) {
    while (this.body.rows.length > shards.length) this.body.lastChild.remove();
    shards.forEach((shard, i) => {
      const row = this.body.rows[i] ?? this.addRow();
      const state = row.cells[1].firstChild;
      row.dataset.shard = shard.shard;
      setData(row, "state", shard.state);
      setData(row, "old", String(!isAwake(shard)));
      setText(row.cells[0].lastChild, String(shard.shard));
      setText(state, shard.state);
      setData(state, "state", tone(shard.state));
      COLUMNS.forEach((column, c) => {
        const cell = row.cells[c + 2];
        setText(cell, column.show(shard, rates[i]));
        if (column.bar)
          cell.style.setProperty("--part", String(shard.allocations / Math.max(1, shard.capacity)));
      });
    });
    const total = Object.fromEntries(COUNTED.map((name) => [name, sum(rates, (r) => r?.[name])]));
    const known = rates.some((r) => r !== null);
    COLUMNS.forEach((column, c) => setText(this.foot.cells[c + 2],
      column.add ? whole(sum(shards, column.add)) : column.total && known ? column.show(null, total) : ""));
    this.paint();
  }
}

/* Which reasons there were, the busiest first. */
class DropTable {
  constructor(table) {
    const head = element("tr", {}, element("th", { text: "Reason", scope: "col", className: "text" }),
      element("th", { text: "/s", scope: "col" }), element("th", { text: "since start", scope: "col" }),
      element("th", { text: "What it is", scope: "col", className: "text" }));
    this.body = element("tbody");
    table.append(element("thead", {}, head), this.body);
  }

  show(reading, before) {
    const seconds = (reading.mono_msec - (before?.mono_msec ?? reading.mono_msec)) / 1000;
    const rows = reading.reasons.map(({ name, help }) => {
      const count = sum(reading.shards, (s) => s.drops[name]);
      const fresh = sum(reading.shards, (s) => {
        const old = sameProcess(before, s);
        return old ? (s.drops[name] ?? 0) - (old.drops[name] ?? 0) : 0;
      });
      return { name, help, count, rate: seconds > 0 ? short(fresh / seconds) : NONE, fresh };
    });
    rows.sort((a, b) => b.fresh - a.fresh || b.count - a.count);
    const texts = rows.length > 0 ? rows.map((r) => [r.name.replaceAll("_", " "), r.rate,
      whole(r.count), r.help]) : [["none", "", "", "nothing was dropped since the shards started"]];
    while (this.body.rows.length > texts.length) this.body.lastChild.remove();
    texts.forEach((row, i) => {
      const made = this.body.rows[i] ?? this.body.appendChild(element("tr", {},
        element("th", { scope: "row", className: "text" }), element("td"), element("td"),
        element("td", { className: "text muted" })));
      row.forEach((text, c) => setText(made.cells[c], text));
    });
  }
}
