// Asks the browser for a passkey, and sends what it answers with the form.
import { load, say } from './dom.js';

const able = window.PublicKeyCredential?.parseRequestOptionsFromJSON !== undefined;

for (const form of document.querySelectorAll('form[data-passkey]')) {
  form.hidden = !able;
  if (!able) continue;
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const button = form.querySelector('button');
    button.disabled = true;
    try {
      const { publicKey } = JSON.parse((await load(form.action + '/options', { method: 'POST' })).text);
      const made = form.dataset.passkey === 'new'
        ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(publicKey) })
        : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(publicKey) });
      form.elements.credential.value = JSON.stringify(made.toJSON());
      form.submit();
    } catch (error) {
      say(error.name === 'NotAllowedError' ? /*T*/'No passkey was chosen.' : error.message);
      button.disabled = false;
    }
  });
}

// A passkey instead of the password, where that is asked for again.
for (const line of document.querySelectorAll('[data-confirm]')) {
  const form = line.closest('form');
  const button = line.querySelector('button');
  line.hidden = !able;
  button.addEventListener('click', async () => {
    button.disabled = true;
    try {
      const { publicKey } = JSON.parse((await load(line.dataset.confirm, { method: 'POST' })).text);
      const shown = await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(publicKey) });
      form.elements.confirm_passkey.value = JSON.stringify(shown.toJSON());
      form.querySelector('[autocomplete="current-password"]').required = false;
      form.requestSubmit();
    } catch (error) {
      say(error.name === 'NotAllowedError' ? /*T*/'No passkey was chosen.' : error.message);
    }
    button.disabled = false;
  });
}
