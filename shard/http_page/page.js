/* page.js — asks the relay every two seconds and draws what it says. */
"use strict";

const POLL_MSEC = 2000;
const STALE_MSEC = 5000;
/* A shard that hangs takes connections and answers none. After so long without an answer there is one
 * more, which may reach another shard. */
const TRY_MSEC = 500;
const TRIES = 8;

const pause = (msec) => new Promise((done) => setTimeout(done, msec));

/* The first answer of any shard. */
async function fetchAny(path) {
  const tries = [];
  let first = null;
  while (first === null && tries.length < TRIES) {
    const stop = new AbortController();
    const answer = fetch(path, { cache: "no-store", signal: stop.signal })
      .then((reply) => ({ reply, stop }));
    tries.push({ stop, answer });
    /* Refused, or broken off: likewise. */
    const any = Promise.any(tries.map((one) => one.answer)).catch(() => null);
    first = await Promise.race([any, pause(TRY_MSEC)]) ?? null;
  }
  for (const { stop } of tries) if (stop !== first?.stop) stop.abort();
  if (first === null) throw new Error(`nobody answers ${path}`);
  /* Whoever has begun to answer can still hang before the end. */
  setTimeout(() => first.stop.abort(), STALE_MSEC);
  return first.reply;
}

async function fetchJson(path) {
  const reply = await fetchAny(path);
  if (!reply.ok) throw new Error(`${path}: ${reply.status}`);
  return reply.json();
}

const byId = (id) => document.getElementById(id);

const graphs = {
  packets: new Graph(byId("graph-packets"), { title: "Packets", unit: "/s", series: [
    { label: "to peers", colour: "--first" }, { label: "to clients", colour: "--second" }] }),
  bits: new Graph(byId("graph-bits"), { title: "Payload", unit: "bit/s", series: [
    { label: "to peers", colour: "--first" }, { label: "to clients", colour: "--second" }] }),
  allocations: new Graph(byId("graph-allocations"), { title: "Allocations", unit: "", series: [
    { colour: "--first" }] }),
  drops: new Graph(byId("graph-drops"), { title: "Drops", unit: "/s", series: [
    { colour: "--alarm" }] }),
};
const shardTable = new ShardTable(byId("shards"));
const dropTable = new DropTable(byId("drops"));
const lookUp = new LookUp({ form: byId("look-up"), answer: byId("answer"),
  found: (port) => portMap.mark(port) });
const portMap = new PortMap({ canvas: byId("map"), spot: byId("map-spot"), legend: byId("legend"),
  ask: (port) => lookUp.askPort(port) });

let reading = null; /* the last one */
let readAt = 0; /* when it came, by the clock of this page */
let isLost = false;
let timer = null;

function addToGraphs(rates) {
  const at = reading.mono_msec / 1000;
  const known = rates.filter((r) => r !== null);
  const total = (name, factor = 1) => sum(known, (r) => r[name]) * factor;
  const values = known.length > 0;
  graphs.packets.add(at, values ? [total("to_peer_packets"), total("to_client_packets")] : null);
  graphs.bits.add(at, values ? [total("to_peer_bytes", 8), total("to_client_bytes", 8)] : null);
  graphs.allocations.add(at, [sum(reading.shards, (s) => s.allocations)]);
  graphs.drops.add(at, values ? [total("dropped")] : null);
}

/* One line for all: what is amiss, if anything. */
function overall() {
  const { shards, control_plane: portal } = reading;
  const serving = shards.filter((s) => s.state === "serving");
  const others = new Map();
  for (const { state } of shards)
    if (state !== "serving") others.set(state, (others.get(state) ?? 0) + 1);
  const amiss = [...others].map(([state, count]) => `${count} ${state}`);
  if (shards.some((s) => isAwake(s) && !s.registry)) amiss.push("registry away");
  if (shards.some((s) => isAwake(s) && !s.admitted)) amiss.push("not admitted by the control plane");
  else if (portal && !portal.connected) amiss.push("control plane away");
  const worst = serving.length === 0 || shards.some((s) => tone(s.state) === "bad") ? "bad" : "fair";
  return amiss.length === 0 ? ["good", "serving"]
    : [worst, `${serving.length} of ${shards.length} shards serving: ${amiss.join(", ")}`];
}

function showState() {
  const age = performance.now() - readAt;
  const isOld = reading !== null && age > STALE_MSEC;
  const state = byId("overall");
  const [kind, text] = isLost || isOld ? ["bad", "connection lost"]
    : reading ? overall() : ["unknown", "connecting…"];
  setText(state, text);
  setData(state, "state", kind);
  setText(byId("age"), reading === null ? ""
    : isLost || isOld ? `figures of ${duration(age / 1000)} ago` : "live, every 2 s");
  setData(document.body, "old", String(isLost || isOld));
}

function show(next, ports) {
  let before = reading;
  if (before && next.mono_msec <= before.mono_msec) {
    /* Another shard has read a moment earlier. Far earlier: the clock began anew with the host. */
    if (before.mono_msec - next.mono_msec < STALE_MSEC) return;
    before = null;
    for (const graph of Object.values(graphs)) graph.clear();
  }
  reading = next;
  const rates = ratesOf(next, before);
  setText(byId("host"), next.host);
  setText(byId("version"), `relay ${next.version}`);
  const portal = next.control_plane;
  setText(byId("control-plane"), portal ? `control plane: ${portal.summary}` : "");
  setData(document.body, "many", String(next.shards.length > 10));
  document.title = `${next.host} – relay`;
  shardTable.show(next.shards, rates);
  dropTable.show(next, before);
  portMap.setShards(next.shards);
  portMap.setPorts(ports);
  addToGraphs(rates);
}

async function poll() {
  timer = null;
  const began = performance.now();
  try {
    const [shards, ports] = await Promise.all([fetchJson("/api/shards"), fetchJson("/api/ports")]);
    isLost = false;
    readAt = performance.now();
    show(shards, ports);
  } catch {
    isLost = true;
  }
  showState();
  schedule(Math.max(0, POLL_MSEC - (performance.now() - began)));
}

/* Nobody looks at a hidden tab: it asks for nothing. */
function schedule(msec) {
  clearTimeout(timer);
  timer = document.hidden ? null : setTimeout(poll, msec);
}

document.addEventListener("visibilitychange", () => {
  if (!document.hidden && timer === null) schedule(0);
});
DARK.addEventListener("change", () => {
  for (const graph of Object.values(graphs)) graph.draw();
  portMap.draw();
});
setInterval(showState, 1000);
poll();
