// Sends the files of an import in parts, so that a connection that drops loses little. Without it the form sends them whole.

import { read } from './dom.js';
import { megabytes } from './upload.js';

const form = document.querySelector('form[data-import]');
const status = form?.querySelector('[data-status]');
const bar = form?.querySelector('progress');
const button = form?.querySelector('button');
const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

// send asks until the site answers; what it says no to is thrown.
async function send(url, body, said) {
  for (let tries = 0; ; tries++) {
    let answer;
    try {
      answer = await fetch(url, { method: 'POST', body, headers: { Accept: 'application/json' } });
    } catch {
      said(/*T*/'The connection dropped. Trying again…');
    }
    if (answer?.redirected || answer?.status === 401) throw new Error(/*T*/'Log in first, then choose the same file: the upload goes on where it stopped.');
    const json = answer && read(await answer.text().catch(() => ''));
    if (answer?.ok || answer?.status === 409) return json;
    if (answer && answer.status !== 429 && answer.status < 500) throw new Error(json?.error || /*T*/'That file cannot be used.');
    await pause(Math.min(30000, 1000 * 2 ** tries));
  }
}

async function sendFile(file) {
  const said = (words) => { status.textContent = words; };
  const begin = () => send('/settings/import/start', new URLSearchParams({ name: file.name, size: file.size }), said);
  let { received } = await begin();
  while (received < file.size) {
    bar.value = received / file.size;
    said(/*T*/`${file.name}: ${megabytes(received)} of ${megabytes(file.size)}`);
    const part = file.slice(received, received + Number(form.dataset.import));
    const answer = await send(`/settings/import/part?after=${received}`, part, said);
    ({ received } = answer?.received >= 0 ? answer : await begin());
  }
}

form?.addEventListener('submit', async (event) => {
  const { files } = form.elements.archive;
  if (!files.length) return;
  event.preventDefault();
  button.disabled = true;
  bar.hidden = false;
  try {
    for (const file of files) await sendFile(file);
    location.assign('/settings/import');
  } catch (error) {
    status.textContent = error.message;
    button.disabled = false;
  }
});
