/* look_up.js — asks who owns a client's allocation or a relay port. */
"use strict";

const ADDRESS_RULE = "Ask for a client, such as 192.0.2.1:40312 or [2001:db8::1]:40312, " +
  "or for a relay port, such as 50123.";

/* The query for what was typed, or null when it is neither. */
function queryOf(text) {
  if (/^[1-9][0-9]{0,4}$/.test(text))
    return Number(text) <= 65535 ? `relay_port=${text}` : null;
  const found = /^(?:((?:[0-9]{1,3}\.){3}[0-9]{1,3})|\[([0-9A-Fa-f:.]{2,45})\]):([1-9][0-9]{0,4})$/.exec(text);
  if (!found || Number(found[3]) > 65535) return null;
  if (found[1] && found[1].split(".").some((part) => Number(part) > 255 || /^0./.test(part)))
    return null;
  return `client=${encodeURIComponent(text)}`;
}

class LookUp {
  /* |found| is called with the relay port of what was found, or null. */
  constructor({ form, answer, found }) {
    Object.assign(this, { form, answer, found });
    this.field = form.elements.question;
    this.asked = 0;
    DARK.addEventListener("change", () => this.paint());
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.ask(this.field.value.trim());
    });
    this.field.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.clear();
    });
  }

  paint() {
    for (const key of this.answer.querySelectorAll(".key"))
      key.style.background = rgb(shardColour(Number(key.dataset.shard)));
  }

  askPort(port) {
    this.field.value = String(port);
    this.ask(this.field.value);
  }

  clear() {
    this.asked++;
    this.field.value = "";
    this.field.removeAttribute("aria-invalid");
    this.answer.hidden = true;
    this.found(null);
  }

  async ask(text) {
    const query = queryOf(text);
    const number = ++this.asked;
    this.field.toggleAttribute("aria-invalid", false);
    if (query === null) {
      this.field.setAttribute("aria-invalid", "true");
      this.say("bad", ADDRESS_RULE);
      return;
    }
    try {
      const reply = await fetchAny(`/api/owner?${query}`);
      const body = reply.ok ? await reply.json() : await reply.text();
      if (number !== this.asked) return;
      if (reply.ok) this.show(text, body);
      else this.say("bad", body);
    } catch {
      if (number === this.asked) this.say("bad", "No shard of the relay answers.");
    }
  }

  say(kind, text) {
    this.answer.replaceChildren(element("p", { text }));
    this.answer.dataset.kind = kind;
    this.answer.hidden = false;
    this.found(null);
  }

  show(text, { allocations }) {
    if (allocations.length === 0) {
      this.say("none", `Nobody owns an allocation of ${text}.`);
      return;
    }
    this.answer.replaceChildren(...allocations.map(describeAllocation));
    this.paint();
    this.answer.dataset.kind = "found";
    this.answer.hidden = false;
    this.found(allocations[0].relay_port);
  }
}

function describeAllocation(allocation) {
  const left = (seconds) => seconds === null ? NONE : seconds <= 0 ? "over" : duration(seconds);
  const facts = [
    ["client", allocation.client], ["relay port", String(allocation.relay_port)],
    ["reached at", allocation.server], ["families", allocation.families],
    ["made", allocation.age_sec === null ? NONE : `${duration(allocation.age_sec)} ago`],
    ["time left", left(allocation.left_sec)],
    ["channels", allocation.channels.length === 0 ? "none" : allocation.channels
      .map((c) => `${c.number} (${c.left_sec !== null && c.left_sec <= 0 ? "reserved" : left(c.left_sec)})`)
      .join(", ") + (allocation.more_channels > 0 ? ` and ${allocation.more_channels} more` : "")],
  ];
  const key = element("i", { className: "key", "aria-hidden": "true",
    "data-shard": allocation.shard });
  return element("div", {}, element("h2", {}, key, `shard ${allocation.shard} of ${allocation.host}`,
    ...(allocation.lease_held ? [] : [element("span", { className: "state", "data-state": "bad",
      text: "its lease is over" })])),
  element("dl", {}, ...facts.map(([name, value]) =>
    element("div", {}, element("dt", { text: name }), element("dd", { text: value })))));
}
