// The code behind the link's '#' goes into the form and out of the address bar; the field hides. Without a fragment nothing changes.
"use strict";

const form = document.querySelector("[data-code-form]");
const field = form && form.querySelector("[data-code-field]");
const input = field && field.querySelector("input");

function take() {
  let code = location.hash.slice(1);
  if (!input || code.length < 8) return;
  try { code = decodeURIComponent(code); } catch { return; }
  input.value = code;
  input.type = "hidden";
  field.hidden = true;
  history.replaceState(null, "", location.pathname + location.search);
  // Another language is another page: take the code along, again behind the '#'.
  for (const link of document.querySelectorAll("a[data-keeps-code]")) link.hash = encodeURIComponent(code);
}

take();
addEventListener("hashchange", take);
