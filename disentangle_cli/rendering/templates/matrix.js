"use strict";
// data of the page, and the matrix of similarities on a canvas: pointer, keyboard, phone
const data = JSON.parse(document.getElementById("data").textContent);
const unpacked = (text) => {
  const bytes = Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
  return Float64Array.from({ length: bytes.length / 2 }, (_, i) => {
    const ticks = bytes[2 * i] + 256 * bytes[2 * i + 1];
    return ticks > data.ticks ? NaN : ticks / data.ticks;
  });
};
const shade = (part) => Math.round(Math.min(Math.max(part, 0), 1) * (data.ramp.length - 1));
const pairListeners = [];
const choosePair = (a, b) => pairListeners.forEach((listener) => listener(a, b));

(() => {
  const canvas = document.getElementById("matrix");
  const told = document.getElementById("matrix-told");
  const method = document.getElementById("matrix-method");
  const matrices = data.matrices.map((one) => ({ ...one, values: unpacked(one.values) }));
  const n = data.names.length;
  let shown = matrices[0];
  let at = null; // the cell [row, column] that is looked at
  let cell = 10;
  let margin = 0;

  const draw = () => {
    const style = getComputedStyle(document.documentElement);
    const ink = style.getPropertyValue("--faint").trim();
    const rule = style.getPropertyValue("--rule").trim();
    const best = style.getPropertyValue("--best").trim();
    const room = Math.min(canvas.parentElement.clientWidth, 960);
    const pen = canvas.getContext("2d");
    const label = (k) => `${k + 1}  ${data.names[k]}`;
    pen.font = "12px system-ui, sans-serif";
    const longest = Math.max(...data.names.map((_, k) => pen.measureText(label(k)).width)) + 10;
    const numbers = pen.measureText(String(n)).width + 10;
    // names where they leave room for the cells, else places only, else nothing
    margin = Math.min(longest, room * 0.4);
    if ((room - margin) / n < 10) margin = numbers;
    if ((room - margin) / n < 8) margin = 0;
    cell = Math.max(1, Math.min(64, (room - margin) / n));
    if (cell > 4) cell = Math.floor(cell);
    const top = margin ? 18 : 0;
    const width = Math.ceil(margin + n * cell + 1);
    const height = Math.ceil(top + n * cell + 1);
    const ratio = window.devicePixelRatio || 1;
    canvas.style.width = width + "px";
    canvas.style.height = height + "px";
    canvas.width = width * ratio;
    canvas.height = height * ratio;
    pen.scale(ratio, ratio);
    const gap = cell >= 16 ? 1 : 0;
    for (let r = 0; r < n; r++) {
      for (let c = 0; c < n; c++) {
        const value = shown.values[shown.order[r] * n + shown.order[c]];
        pen.fillStyle = Number.isNaN(value) ? rule : data.ramp[shade(value)][0];
        const left = margin + c * cell;
        const upper = top + r * cell;
        pen.fillRect(left, upper, cell - gap + (gap ? 0 : 0.5), cell - gap + (gap ? 0 : 0.5));
        if (cell >= 34 && !Number.isNaN(value)) {
          pen.fillStyle = data.ramp[shade(value)][1];
          pen.textAlign = "center";
          pen.textBaseline = "middle";
          pen.font = "12px system-ui, sans-serif";
          pen.fillText(written(value, 2), left + cell / 2, upper + cell / 2);
        }
      }
    }
    pen.font = "12px system-ui, sans-serif";
    pen.textBaseline = "middle";
    for (let k = 0; margin && k < n; k++) {
      const model = shown.order[k];
      pen.fillStyle = model === 0 ? best : ink;
      pen.textAlign = "right";
      let text = margin > numbers ? label(model) : String(model + 1);
      while (margin > numbers && text.length > 4 && pen.measureText(text).width > margin - 8) {
        text = text.slice(0, -2) + "…";
      }
      pen.fillText(text, margin - 6, top + (k + 0.5) * cell);
      pen.textAlign = "center";
      if (cell >= pen.measureText(String(n)).width) pen.fillText(String(model + 1), margin + (k + 0.5) * cell, 9);
    }
    if (at) {
      pen.strokeStyle = best;
      pen.lineWidth = 2;
      pen.strokeRect(margin + at[1] * cell - 1, top + at[0] * cell - 1, cell + 1, cell + 1);
    }
    const legend = document.getElementById("matrix-legend");
    const scale = legend.getContext("2d");
    data.ramp.forEach(([colour], k) => {
      scale.fillStyle = colour;
      scale.fillRect((k * legend.width) / data.ramp.length, 0, legend.width / data.ramp.length + 1, legend.height);
    });
    document.getElementById("matrix-low").textContent = shown.low.toFixed(2);
    document.getElementById("matrix-high").textContent = shown.high.toFixed(2);
  };

  const real = (part) => shown.low + part * (shown.high - shown.low);
  const written = (part, digits) => real(part).toFixed(digits).replace(/^-(0\.0+)$/, "$1");
  const look = (row, column) => {
    at = [row, column];
    const [a, b] = [shown.order[row], shown.order[column]];
    const value = shown.values[a * n + b];
    const names = `${a + 1}. ${data.names[a]} and ${b + 1}. ${data.names[b]}`;
    told.textContent = a === b ? `${a + 1}. ${data.names[a]}: a model is not compared with itself`
      : `${names}: ${Number.isNaN(value) ? "not evaluated" : written(value, 3)}`;
    draw();
  };
  const under = (event) => {
    const box = canvas.getBoundingClientRect();
    const scale = box.width / parseFloat(canvas.style.width);
    const top = margin ? 18 : 0;
    const column = Math.floor(((event.clientX - box.left) / scale - margin) / cell);
    const row = Math.floor(((event.clientY - box.top) / scale - top) / cell);
    return row >= 0 && column >= 0 && row < n && column < n ? [row, column] : null;
  };
  const choose = ([row, column]) => {
    if (row !== column) choosePair(shown.order[row], shown.order[column]);
  };
  canvas.addEventListener("pointermove", (event) => {
    const found = under(event);
    if (found && (!at || found[0] !== at[0] || found[1] !== at[1])) look(...found);
  });
  canvas.addEventListener("click", (event) => {
    const found = under(event);
    if (found) {
      look(...found);
      choose(found);
    }
  });
  canvas.addEventListener("keydown", (event) => {
    const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
    if (event.key in steps) {
      const [down, right] = at ? steps[event.key] : [0, 0];
      const [row, column] = at || [0, 0];
      look(Math.min(Math.max(row + down, 0), n - 1), Math.min(Math.max(column + right, 0), n - 1));
      event.preventDefault();
    } else if ((event.key === "Enter" || event.key === " ") && at) {
      choose(at);
      event.preventDefault();
    }
  });
  if (method) {
    method.addEventListener("change", () => {
      shown = matrices[Number(method.value)];
      at = null;
      told.textContent = "Point at a cell, or walk with the arrow keys.";
      draw();
    });
  }
  window.addEventListener("resize", draw);
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  draw();
})();
