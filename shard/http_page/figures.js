/* figures.js — figures as short text. */
"use strict";

const NONE = "–";
const WHOLE = new Intl.NumberFormat("en", { useGrouping: true });

/* 12345 → "12,345" */
function whole(value) {
  return WHOLE.format(value).replaceAll(",", "\u202f");
}

/* Three digits and a prefix: 12345 → "12.3 k". */
function short(value) {
  const prefixes = ["", "k", "M", "G", "T", "P"];
  let i = 0;
  while (value >= 999.5 && i < prefixes.length - 1) {
    value /= 1000;
    i++;
  }
  const digits = i === 0 && (value >= 99.95 || Number.isInteger(value)) ? 0
    : value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  const text = value === 0 ? "0" : i === 0 ? value.toFixed(Math.min(digits, 1)) : value.toFixed(digits);
  return prefixes[i] === "" ? text : `${text}\u2009${prefixes[i]}`;
}

/* 75 → "1 m 15 s" */
function duration(seconds) {
  const s = Math.max(0, Math.floor(seconds));
  const units = [["d", 86400], ["h", 3600], ["m", 60], ["s", 1]];
  const at = units.findIndex(([, size]) => s >= size);
  if (at < 0) return "0 s";
  const [unit, size] = units[at];
  const first = `${Math.floor(s / size)}\u2009${unit}`;
  if (at + 1 === units.length) return first;
  const [next, nextSize] = units[at + 1];
  const rest = Math.floor((s % size) / nextSize);
  return rest === 0 ? first : `${first} ${rest}\u2009${next}`;
}

/* Makes <tag class="…">text</tag> with children. */
function element(tag, { className, text, ...attributes } = {}, ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/* Sets the text of |node| only when it is another one: what did not change is neither drawn nor
 * read out again. */
function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function setData(node, name, value) {
  if (node.dataset[name] !== value) node.dataset[name] = value;
}
