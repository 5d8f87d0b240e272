"use strict";
// The sliders of a traversal. ``data``: see rendering/page.py. One loop does all drawing, the large picture first.
const data = JSON.parse(document.getElementById("data").textContent);
const [channels, height, width] = data.shape;
const find = (id) => document.getElementById(id);
const STRIP = 7; // pictures below a slider
const GAP = 2;

function make(name, attributes = {}, ...children) {
  const made = Object.assign(document.createElement(name), attributes);
  made.append(...children);
  return made;
}

const round = (value) => Number(value.toFixed(4));
const shown = (value) => String(Number(value.toFixed(2)) + 0);

// ---- what is set: the values of all latents, and the picture that they are compared with

const state = { base: 0, values: [...data.bases[0].latents], from: [...data.bases[0].latents], moved: null };
let version = 0; // of the values
const ADDRESS_PAUSE = 400; // milliseconds: browsers refuse more than 100 changes in 30 seconds
let addressTimer = null;
const live = data.program !== null;

// the few values that a latent can take, if they are few: of a grid, or those that were drawn beforehand
function valuesOf(place) {
  const latent = data.latents[place];
  return rowOf(place)?.values ?? (latent.kind === "grid" ? latent.values : null);
}

function restrict(place, value) {
  const values = valuesOf(place);
  return values ? values[nearest(values, value)] : value;
}

function setValue(place, value) {
  if (!live && state.moved !== place) state.values = [...state.from]; // one at a time
  state.values[place] = restrict(place, value);
  state.moved = place;
  changed(place);
}

function setAll(values) {
  state.values = [...values];
  state.moved = null;
  changed(null);
}

function chooseBase(place) {
  state.base = place;
  state.from = [...data.bases[place].latents];
  setAll(state.from);
}

function compareWithThis() {
  state.base = null;
  state.from = [...state.values];
  changed(null);
}

function randomValue(latent) {
  if (latent.kind === "grid") return latent.values[Math.floor(Math.random() * latent.values.length)];
  if (latent.kind === "uniform") return round(latent.low + (latent.high - latent.low) * Math.random());
  const normal = Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
  return round(latent.mean + latent.std * normal);
}

function randomise() {
  if (live) return setAll(data.latents.map(randomValue));
  chooseBase(Math.floor(Math.random() * data.bases.length));
  const row = data.rows[Math.floor(Math.random() * data.rows.length)];
  setValue(row.place, row.values[Math.floor(Math.random() * row.values.length)]);
}

function changed(place) {
  version += 1;
  for (const card of cards) card.update(place);
  for (const [i, button] of gallery.entries()) button.setAttribute("aria-pressed", String(state.base === i));
  addressTimer ??= setTimeout(keepAddress, ADDRESS_PAUSE);
  work();
}

// ---- the address: ``base`` is a picture of the gallery, ``from`` values instead; the others differ from it

function keepAddress() {
  addressTimer = null;
  const exact = (value) => String(Number(value.toPrecision(7)));
  const parts = [state.base === null ? `from=${state.from.map(exact).join("_")}` : `base=${state.base}`];
  data.latents.forEach((latent, i) => {
    if (state.values[i] !== state.from[i]) parts.push(`${latent.name}=${exact(state.values[i])}`);
  });
  const address = parts.length === 1 && state.base === 0 ? "" : "#" + parts.join("&");
  if (address === location.hash) return;
  try {
    history.replaceState(null, "", address || location.pathname + location.search);
  } catch { /* a frame without an address of its own */ }
}

function readAddress() {
  const asked = new URLSearchParams(location.hash.slice(1));
  const from = (asked.get("from") ?? "").split("_").map(parseFloat);
  if (live && from.length === data.latents.length && from.every(Number.isFinite)) {
    state.base = null;
    state.from = from;
  } else {
    const base = /^\d+$/.test(asked.get("base")) ? Number(asked.get("base")) : 0;
    state.base = base < data.bases.length ? base : 0;
    state.from = [...data.bases[state.base].latents];
  }
  state.values = [...state.from];
  state.moved = null;
  data.latents.forEach((latent, i) => {
    const value = parseFloat(asked.get(latent.name));
    if (!Number.isFinite(value) || (!live && (state.moved !== null || !rowOf(i)))) return;
    state.values[i] = restrict(i, value);
    state.moved = i;
  });
  changed(null);
}

// ---- pictures: (latent, base, place) -> pixels

const rowOf = (place) => data.rows?.find((row) => row.place === place);

function loadImage(url) {
  return new Promise((resolve, reject) => {
    const image = make("img", { onload: () => resolve(image), onerror: reject, src: url });
  });
}

// the pictures of a sheet, ``across`` in a row, as pixels
async function cut(url, across, down = 1) {
  const image = await loadImage(url);
  const canvas = make("canvas", { width: across * width, height: down * height });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(image, 0, 0);
  const part = (column, row) => context.getImageData(column * width, row * height, width, height).data;
  return Array.from({ length: down }, (_, row) => Array.from({ length: across }, (_, column) => part(column, row)));
}

function nearest(values, wanted) {
  let best = 0;
  values.forEach((value, i) => { if (Math.abs(value - wanted) < Math.abs(values[best] - wanted)) best = i; });
  return best;
}

let drawn = []; // the gallery's pictures
let paint = async () => drawn[0];

async function start() {
  [drawn] = await cut(data.sheet, data.bases.length);
  drawn.forEach((pixels, i) => put(gallery[i].firstChild, pixels));
  if (live) {
    paint = startPainter(data.program, channels);
    await check();
  } else {
    const sheets = new Map();
    for (const row of data.rows) sheets.set(row.place, await cut(row.sprite, row.values.length, data.bases.length));
    paint = async (values, place) =>
      place === null ? drawn[state.base] : sheets.get(place)[state.base][nearest(rowOf(place).values, values[place])];
  }
  readAddress();
  document.documentElement.dataset.ready = "true";
}

// the first picture as this browser draws it and as the model did
async function check() {
  const pixels = await paint(data.bases[0].latents, null);
  const worst = pixels.reduce((most, value, i) => Math.max(most, Math.abs(value - drawn[0][i])), 0);
  find("check").textContent = `In this browser the first picture differs from the model's by at most ${worst} of 255 levels.`;
  document.documentElement.dataset.worst = String(worst);
  if (worst > 2) {
    find("check").className = "note caution";
    find("codes").before(find("check"));
  }
}

function put(canvas, pixels, left = 0) {
  const context = canvas.getContext("2d", { willReadFrequently: true }); // kept where pixels come from
  context.putImageData(new ImageData(new Uint8ClampedArray(pixels), width, height), left, 0);
}

// ---- the loop

let pictured = -1; // version that the large picture shows
let now = null;
let compared = null; // what ``now`` is compared with
let comparedTo = null;
let working = false;

async function work() {
  if (working || !drawn.length) return;
  working = true;
  try {
    for (;;) {
      if (pictured !== version) {
        const wanted = version;
        if (comparedTo !== state.from) {
          const from = state.from;
          compared = await paint(from, null);
          comparedTo = from;
          put(find("base"), compared);
          const name = state.base === null ? "compared with" : data.bases[state.base].name;
          find("base-name").textContent = name;
        }
        now = await paint(state.values, state.moved);
        pictured = wanted;
        put(find("now"), now);
        showChange();
        document.documentElement.dataset.shown = String(pictured);
        continue;
      }
      const card = cards.find((one) => one.stale.length && !one.hidden());
      if (!card) return;
      await card.draw(card.stale.shift());
    }
  } finally {
    working = false;
  }
}

function colour(name) {
  const [r, g, b] = getComputedStyle(document.documentElement).getPropertyValue(name).match(/[0-9a-f]{2}/gi);
  return [r, g, b].map((part) => parseInt(part, 16));
}

function showChange() {
  const [brighter, darker] = [colour("--accent"), colour("--best")];
  const pixels = new Uint8ClampedArray(4 * width * height);
  let total = 0, count = 0;
  for (let i = 0; i < pixels.length; i += 4) {
    const difference = (now[i] + now[i + 1] + now[i + 2] - compared[i] - compared[i + 1] - compared[i + 2]) / 765;
    pixels.set(difference > 0 ? brighter : darker, i);
    pixels[i + 3] = 255 * Math.min(1, 1.5 * Math.abs(difference));
    total += Math.abs(difference);
    count += Math.abs(difference) > 0.1;
  }
  put(find("change"), pixels);
  const places = width * height;
  const percent = (100 * count) / places;
  find("changed").textContent = total === 0 ? "nothing changed"
    : `changed: ${percent.toFixed(percent < 10 ? 1 : 0)} % of pixels`;
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { if (now) showChange(); });

// ---- sliders

const cards = [];

function addCard(place, parent, withStrip) {
  const latent = data.latents[place];
  const stepped = valuesOf(place);
  const [low, high] = stepped ? [0, stepped.length - 1] : latent.span;
  const step = stepped ? 1 : (high - low) / 200;
  const slider = make("input", { type: "range", id: latent.name, min: low, max: high, step, value: low });
  const number = make("input", { type: "number", step: stepped ? "any" : step, ariaLabel: `${latent.name}, value` });
  const play = make("button", { type: "button", textContent: "▶", ariaLabel: `play ${latent.name}`, ariaPressed: "false" });
  const label = make("label", { htmlFor: latent.name, textContent: latent.name });
  const box = make("div", { className: "card latent" }, make("div", { className: "head" }, label, number, play), slider);
  const ends = stepped ? [stepped[0], stepped[stepped.length - 1]] : [low, high];
  box.append(make("div", { className: "ends" }, ...ends.map((end) => make("span", { textContent: shown(end) }))));
  const tries = stepped && stepped.length <= STRIP ? stepped
    : Array.from({ length: STRIP }, (_, i) => {
      const along = low + ((high - low) * i) / (STRIP - 1);
      return stepped ? stepped[Math.round(along)] : along;
    });
  const card = {
    stale: [],
    hidden: () => box.offsetParent === null,
    async draw(i) {
      const values = live ? [...state.values] : [...state.from];
      values[place] = tries[i];
      put(strip, await paint(values, place), i * (width + GAP));
    },
    update(moved) {
      const value = state.values[place];
      slider.value = stepped ? nearest(stepped, value) : value;
      slider.setAttribute("aria-valuetext", shown(value));
      if (document.activeElement !== number) number.value = shown(value);
      // what it does from here does not depend on where it is
      if (withStrip && (moved === null || (live && moved !== place))) this.stale = tries.map((_, i) => i);
    },
  };
  const strip = make("canvas", { className: "tries pixels", width: tries.length * (width + GAP) - GAP, height });
  strip.setAttribute("aria-hidden", "true"); // the slider does the same
  if (withStrip) {
    strip.addEventListener("click", (event) => {
      const part = event.offsetX / strip.clientWidth;
      setValue(place, tries[Math.min(tries.length - 1, Math.floor(part * tries.length))]);
    });
    slider.after(strip);
  }
  slider.addEventListener("input", () => setValue(place, stepped ? stepped[slider.value] : round(slider.valueAsNumber)));
  slider.addEventListener("keydown", (event) => {
    if (event.key === "Delete" || event.key === "Backspace") setValue(place, state.from[place]);
  });
  slider.addEventListener("dblclick", () => setValue(place, state.from[place]));
  number.addEventListener("change", () => {
    if (Number.isFinite(number.valueAsNumber)) {
      const value = stepped ? stepped[nearest(stepped, number.valueAsNumber)] : number.valueAsNumber;
      setValue(place, value);
    }
    number.value = shown(state.values[place]);
  });
  let timer = null;
  play.addEventListener("click", () => {
    if (timer !== null) {
      clearInterval(timer);
      timer = null;
    } else {
      let phase = Math.acos(1 - 2 * Math.min(1, Math.max(0, (slider.value - low) / (high - low))));
      timer = setInterval(() => {
        if (pictured !== version) return; // no quicker than pictures come
        phase += 0.08;
        const value = low + ((high - low) * (1 - Math.cos(phase))) / 2;
        setValue(place, stepped ? stepped[Math.round(value)] : round(value));
      }, 50);
    }
    play.textContent = timer === null ? "▶" : "❚❚";
    play.ariaPressed = String(timer !== null);
  });
  parent.append(box);
  cards.push(card);
}

// ---- the page

const gallery = data.bases.map((base, i) => {
  const canvas = make("canvas", { width, height, className: "pixels" });
  const button = make("button", { type: "button", ariaLabel: base.name, title: base.name }, canvas);
  button.addEventListener("click", () => chooseBase(i));
  find("gallery").append(button);
  return button;
});
for (const id of ["base", "now", "change"]) Object.assign(find(id), { width, height });
for (const place of data.shown) addCard(place, find("codes"), true);
function nameThem(places) {
  const names = places.map((i) => data.latents[i].name);
  return names.length < 5 ? names.join(", ") : `${names[0]}, ${names[1]}, … ${names[names.length - 1]}`;
}

const rest = data.latents.map((_, i) => i).filter((i) => live && !data.shown.includes(i));
if (rest.length) {
  const others = find("others");
  others.hidden = false;
  others.querySelector("summary").textContent = `${rest.length} more: ${nameThem(rest)}`;
  for (const place of rest) addCard(place, others.querySelector(".cards"), false);
}
find("random").addEventListener("click", randomise);
find("reset").addEventListener("click", () => setAll(state.from));
find("keep")?.addEventListener("click", compareWithThis);
window.addEventListener("hashchange", readAddress);
start();
