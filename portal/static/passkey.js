// Asks a passkey what the button's options say, puts the answer into the form and sends it. The PRF secret, where there is one,
// opens the account's private key. Without passkeys in the browser nothing changes: the other ways stand on the page.
"use strict";

const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

function readable(options) {
  options.challenge = bytes(options.challenge);
  if (options.user) options.user.id = bytes(options.user.id);
  for (const list of [options.allowCredentials, options.excludeCredentials]) for (const item of list || []) item.id = bytes(item.id);
  options.extensions.prf.eval.first = bytes(options.extensions.prf.eval.first);
  return options;
}

const secret = (credential) => credential.getClientExtensionResults().prf?.results?.first;

// Many authenticators give the secret only when asked, not when made: then ask at once. Without an answer it stays a second step.
async function secretOfNew(credential, options) {
  if (secret(credential)) return secret(credential);
  if (!credential.getClientExtensionResults().prf?.enabled) return null;
  const allowCredentials = [{ id: credential.rawId, type: "public-key" }];
  const challenge = crypto.getRandomValues(new Uint8Array(32));
  const { extensions, rp } = options;
  const publicKey = { challenge, rpId: rp.id, allowCredentials, userVerification: "required", extensions };
  try { return secret(await navigator.credentials.get({ publicKey })); } catch { return null; }
}

function answer(credential) {
  const { response } = credential;
  const given = { clientDataJSON: text(response.clientDataJSON) };
  for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) if (response[name]) given[name] = text(response[name]);
  return JSON.stringify({ id: credential.id, rawId: text(credential.rawId), type: credential.type, response: given });
}

async function ask(form, button) {
  const options = readable(JSON.parse(button.dataset.options));
  const making = button.dataset.passkey === "create";
  const credential = await navigator.credentials[making ? "create" : "get"]({ publicKey: options });
  const key = making ? await secretOfNew(credential, options) : secret(credential);
  form.elements.answer.value = answer(credential);
  form.elements.prf.value = key ? text(key) : "";
}

for (const button of document.querySelectorAll("[data-passkey]")) {
  const form = button.form;
  const failed = form.querySelector("[data-passkey-failed]");
  if (!window.PublicKeyCredential) continue;
  button.hidden = false;
  form.querySelector("[data-passkey-without]").hidden = true;
  form.addEventListener("submit", async (event) => {
    if (form.elements.answer.value) return;
    event.preventDefault();
    failed.hidden = true;
    button.disabled = true;
    try {
      await ask(form, button);
      button.disabled = false;
      form.requestSubmit(button);
    } catch {
      failed.hidden = false;
      button.disabled = false;
    }
  });
}
