"use strict";
// which code of one model is which of another: for any two models
(() => {
  const matching = data.matching;
  if (!matching || matching.models.length < 2) return;
  const numbers = unpacked(matching.numbers);
  const models = matching.models;
  const starts = new Map();
  let offset = 0;
  for (let a = 0; a < models.length; a++) {
    for (let b = a + 1; b < models.length; b++) {
      starts.set(a * models.length + b, offset);
      offset += 1 + models[a].length * models[b].length + models[a].length;
    }
  }
  const found = (a, b) => {
    const [low, high] = [Math.min(a, b), Math.max(a, b)];
    const start = starts.get(low * models.length + high);
    const [rows, columns] = [models[low].length, models[high].length];
    if (Number.isNaN(numbers[start]) || start === undefined) return null;
    const share = (r, c) => numbers[start + 1 + r * columns + c];
    const partner = (r) => Math.round(numbers[start + 1 + rows * columns + r] * data.ticks);
    const pairs = [];
    for (let r = 0; r < rows; r++) {
      const c = partner(r);
      if (!Number.isNaN(c)) pairs.push(a < b ? [r, c] : [c, r]);
    }
    const between = a < b ? share : (r, c) => share(c, r);
    pairs.sort((one, other) => between(...other) - between(...one));
    return { score: 2 * numbers[start] - 1, share: between, pairs };
  };

  const [first, second] = ["match-a", "match-b"].map((id) => document.getElementById(id));
  for (const select of [first, second]) {
    models.forEach((_, k) => select.append(new Option(`${k + 1}. ${data.names[k]}`, k)));
  }
  const told = document.getElementById("match-told");
  const table = document.getElementById("match-table");
  const pairs = document.getElementById("match-pairs");
  const made = (name, text, properties = {}) =>
    Object.assign(document.createElement(name), { textContent: text, ...properties });
  const percent = (part) => `${Math.round(100 * part)}%`;
  const strip = (model, code) => {
    for (const image of document.querySelectorAll(`img[data-model="${model}"]`)) {
      if (image.dataset.code === code) return image.closest(".frames").cloneNode(true);
    }
    return null;
  };

  const show = () => {
    const [a, b] = [Number(first.value), Number(second.value)];
    table.replaceChildren();
    pairs.replaceChildren();
    if (a === b) {
      told.textContent = "Choose two different models.";
      return;
    }
    const match = found(a, b);
    const names = `${data.names[a]} and ${data.names[b]}`;
    if (match === null) {
      told.textContent = `${names} were not compared, or one of them has fewer than two codes that do anything.`;
      return;
    }
    told.textContent = `${names}: agreement ${match.score.toFixed(3)}`;
    const grid = made("table", "", { className: "matrix" });
    grid.append(made("caption", `Codes of ${data.names[a]} downwards, of ${data.names[b]} to the right`));
    const head = grid.createTHead().insertRow();
    head.append(document.createElement("td"));
    models[b].forEach((code) => head.append(made("th", code, { scope: "col" })));
    const body = grid.createTBody();
    const framed = new Set(match.pairs.map(([r, c]) => r * models[b].length + c));
    models[a].forEach((code, r) => {
      const row = body.insertRow();
      row.append(made("th", code, { scope: "row" }));
      models[b].forEach((_, c) => {
        const part = match.share(r, c);
        const cell = made("td", percent(part), { className: framed.has(r * models[b].length + c) ? "pair" : "" });
        [cell.style.backgroundColor, cell.style.color] = data.ramp[shade(part)];
        row.append(cell);
      });
    });
    table.append(grid);
    for (const [r, c] of match.pairs) {
      const box = made("div", "", { className: "pair" });
      const [own, other] = [models[a][r], models[b][c]];
      const share = match.share(r, c);
      const verb = share >= 0.75 ? "is" : share >= 0.5 ? "may be" : "has no counterpart, the nearest is";
      box.append(made("p", `${own} of ${data.names[a]} ${verb} ${other} of ${data.names[b]}: ${percent(share)}`));
      for (const frames of [strip(a, own), strip(b, other)]) if (frames) box.append(frames);
      pairs.append(box);
    }
  };
  const choose = (a, b) => {
    if (a >= models.length || b >= models.length) {
      told.textContent = "The matching of these two is not on this page.";
      return;
    }
    first.value = a;
    second.value = b;
    show();
  };
  first.addEventListener("change", show);
  second.addEventListener("change", show);
  pairListeners.push(choose);
  choose(...data.start);
})();
