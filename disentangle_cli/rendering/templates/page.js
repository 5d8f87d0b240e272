"use strict";
// explanations open below the question mark that was pressed, inside the window
for (const tip of document.querySelectorAll(".tip[popover]")) {
  const button = document.querySelector('[popovertarget="' + tip.id + '"]');
  tip.addEventListener("toggle", (event) => {
    if (event.newState !== "open") return;
    const at = button.getBoundingClientRect();
    const left = Math.min(at.left, window.innerWidth - tip.offsetWidth - 12);
    const below = at.bottom + 6 + tip.offsetHeight <= window.innerHeight;
    tip.style.inset = "auto";
    tip.style.margin = "0";
    tip.style.left = Math.max(8, left) + "px";
    tip.style.top = Math.max(8, below ? at.bottom + 6 : at.top - tip.offsetHeight - 6) + "px";
  });
}
