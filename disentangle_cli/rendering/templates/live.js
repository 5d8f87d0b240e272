"use strict";
// A page that is written again and again takes over what is new in it: it loads itself in a hidden frame, which
// works for files, too, and which hands over its parts. Only parts that differ are replaced, and pictures are
// decoded before they are shown, so that nothing flickers and nothing that is read moves.
(() => {
  const parts = () => Object.fromEntries(
    [...document.querySelectorAll("[data-live]")].map((part) => [part.dataset.live, part.outerHTML]));
  const text = () => document.getElementById("data").textContent;
  if (window.parent !== window) {
    window.parent.postMessage({dcr: parts(), data: text(), title: document.title}, "*");
    return;
  }
  let known = parts(), settings = JSON.parse(text()).live, heard = Date.now(), count = 0, frame = null;

  async function take(news) {
    const fresh = Object.entries(news.dcr).filter(([name, html]) => known[name] !== html);
    const made = fresh.map(([name, html]) => {
      const box = document.createElement("template");
      box.innerHTML = html;
      return [name, box.content.firstElementChild];
    });
    const images = made.flatMap(([, part]) => [...part.querySelectorAll("img")]);
    await Promise.allSettled(images.map((image) => image.decode()));
    if (document.getElementById("data").textContent !== news.data) {
      document.getElementById("data").textContent = news.data;
      heard = Date.now();
    }
    for (const [name, part] of made) {
      const old = document.querySelector('[data-live="' + name + '"]');
      if (old) old.replaceWith(part);
      else document.getElementById("main").append(part);
      const box = part.querySelector(".scroll");
      if (old && box) box.scrollLeft = old.querySelector(".scroll")?.scrollLeft ?? 0;
    }
    known = news.dcr;
    settings = JSON.parse(news.data).live;
    document.title = news.title;
    document.dispatchEvent(new Event("dcr-new-data"));
    document.documentElement.dataset.loads = String(count);
  }

  window.addEventListener("message", (event) => {
    if (!frame || event.source !== frame.contentWindow || !event.data || !event.data.dcr) return;
    frame.remove();
    frame = null;
    take(event.data);
  });

  function look() {
    if (settings.finished) return;
    frame?.remove();
    frame = document.createElement("iframe");
    frame.hidden = true;
    frame.title = "the page as it is now";
    frame.src = location.href.split(/[?#]/)[0] + "?" + ++count;
    document.body.append(frame);
    const silent = (Date.now() - heard) / 1000;
    const word = document.getElementById("silence");
    if (word) word.textContent = silent > 60 && silent > 12 * settings.every
      ? "; nothing new for " + Math.round(silent / 60) + " minutes: it may have been killed" : "";
    setTimeout(look, 1000 * settings.every);
  }
  if (!settings.finished) setTimeout(look, 1000 * settings.every);
})();
