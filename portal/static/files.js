// Names the chosen files and stops a form that is too large before it is sent. The server checks again.
"use strict";

const chooser = document.querySelector("input[type=file][data-most]");
const list = document.querySelector("[data-chosen]");

function show() {
  const files = [...chooser.files];
  const total = files.reduce((sum, file) => sum + file.size, 0);
  list.replaceChildren(...files.map((file) => {
    const item = document.createElement("li");
    item.textContent = `${file.name} (${Math.max(1, Math.round(file.size / 1000))} KB)`;
    return item;
  }));
  chooser.setCustomValidity(total > Number(chooser.dataset.most) ? chooser.dataset.tooLarge : "");
  if (total > Number(chooser.dataset.most)) chooser.reportValidity();
}

if (chooser && list) chooser.addEventListener("change", show);
