// Counts down until a new code can be asked for. The server keeps the pause in any case.
"use strict";

const button = document.querySelector("[data-wait]");
const words = document.querySelector("[data-wait-words]");
const end = Date.now() + Number(button ? button.dataset.wait : 0) * 1000;

function tick() {
  const left = Math.ceil((end - Date.now()) / 1000);
  button.disabled = left > 0;
  words.textContent = left > 0 ? words.dataset.waitWords.replace("{}", left) : "";
  if (left > 0) setTimeout(tick, 500);
}

if (button && words) tick();
