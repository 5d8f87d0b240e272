"use strict";
// what the curves are at the pointer, or at the place that the arrow keys reach
(() => {
  const main = document.getElementById("main");
  const charts = () => JSON.parse(document.getElementById("data").textContent);
  let data = charts();
  document.addEventListener("dcr-new-data", () => { data = charts(); hide(); });
  let shown = null;

  function hide() {
    if (!shown) return;
    shown.querySelector(".readout").hidden = true;
    shown.querySelector(".cursor")?.remove();
    shown = null;
  }

  function nearest(xs, x) {
    let low = 0, high = xs.length - 1;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (xs[middle] < x) low = middle; else high = middle;
    }
    return Math.abs(xs[low] - x) <= Math.abs(xs[high] - x) ? low : high;
  }

  const number = (value) => Number.isInteger(value) ? String(value) : value.toPrecision(4);

  function show(figure, x) {
    if (shown !== figure) hide();
    shown = figure;
    const panel = data.panels[figure.dataset.panel];
    const near = panel.curves.filter((c) => x >= c.x[0] && x <= c.x[c.x.length - 1]);
    const found = near.length ? near : panel.curves;
    const at = found.map((c) => nearest(c.x, x));
    if (!found.length) return;
    const place = found[0].x[at[0]];
    figure.dataset.x = place;
    const box = panel.box, svg = figure.querySelector("svg");
    const left = box[0] + box[2] * (place - panel.ends[0]) / (panel.ends[1] - panel.ends[0]);
    svg.querySelector(".cursor")?.remove();
    const line = document.createElementNS("http://www.w3.org/2000/svg", "line");
    for (const [key, value] of Object.entries({x1: left, x2: left, y1: box[1], y2: box[1] + box[3], class: "cursor"}))
      line.setAttribute(key, value);
    svg.append(line);
    const text = figure.querySelector(".readout");
    text.replaceChildren(document.createTextNode(data.x_label + " " + place.toLocaleString("en")));
    found.forEach((curve, i) => {
      const row = document.createElement("div");
      row.style.setProperty("--own", "var(--series-" + curve.series % data.colours + ")");
      let words = number(curve.y[at[i]]);
      if (curve.low) words += " (" + number(curve.low[at[i]]) + " to " + number(curve.high[at[i]]) + ")";
      row.append(words + " " + data.series[curve.series]);
      text.append(row);
    });
    text.hidden = false;
  }

  const panelOf = (event) => event.target instanceof Element ? event.target.closest(".panel") : null;
  main.addEventListener("pointermove", (event) => {
    const figure = panelOf(event);
    if (!figure) return hide();
    const svg = figure.querySelector("svg"), panel = data.panels[figure.dataset.panel];
    const from = svg.getBoundingClientRect(), scale = svg.viewBox.baseVal.width / from.width;
    const part = ((event.clientX - from.left) * scale - panel.box[0]) / panel.box[2];
    if (part < 0 || part > 1) return hide();
    show(figure, panel.ends[0] + part * (panel.ends[1] - panel.ends[0]));
  });
  main.addEventListener("pointerleave", hide);
  main.addEventListener("keydown", (event) => {
    const figure = panelOf(event), way = {ArrowLeft: -1, ArrowRight: 1}[event.key];
    if (event.key === "Escape") return hide();
    if (!figure || !way) return;
    event.preventDefault();
    const curve = data.panels[figure.dataset.panel].curves[0];
    if (!curve) return;
    const now = shown === figure ? nearest(curve.x, Number(figure.dataset.x)) + way : curve.x.length - 1;
    show(figure, curve.x[Math.min(Math.max(now, 0), curve.x.length - 1)]);
  });
  main.addEventListener("focusout", hide);
})();
