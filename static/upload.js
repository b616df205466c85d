// Sends one file, and says in words how that went.

import { read } from './dom.js';

export const megabytes = (n) => {
  const mb = n / 1e6;
  const number = mb.toLocaleString(document.documentElement.lang, { maximumFractionDigits: mb < 10 ? 1 : 0 });
  return /*T*/`${number} MB`;
};

// refusal is why a file need not be sent at all, or ''.
export function refusal(file, max) {
  return max && file.size > max ? /*T*/`That file is ${megabytes(file.size)}. The limit is ${megabytes(max)}.` : '';
}

export const isHEIC = (file) => /^image\/hei[cf]/.test(file.type) || /\.hei[cf]$/i.test(file.name);

// upload resolves to what the server says of the photo: {id, state, error, note, preview, meta, description, caption};
// a connection that dropped is the state "interrupted". It never rejects.
export function upload(to, file, { started, progress }) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    let percent = 0;
    const interrupted = (error) => resolve({ state: 'interrupted', error });
    request.open('POST', to);
    request.setRequestHeader('Accept', 'application/json');
    request.responseType = 'text';
    request.upload.onprogress = (event) => {
      if (!event.lengthComputable) return;
      percent = Math.floor((100 * event.loaded) / event.total);
      progress(percent);
    };
    request.onerror = () => interrupted(/*T*/`The connection dropped at ${percent}%. Your other photographs are safe.`);
    request.onabort = () => resolve({ state: 'removed' });
    request.onload = () => {
      const at = new URL(request.responseURL, location.href).pathname;
      if (at === '/login' || request.status === 401) {
        resolve({ login: `/login?return=${encodeURIComponent(location.pathname)}`, state: 'interrupted', error: /*T*/'Log in first.' });
        return;
      }
      const said = read(request.responseText);
      if (request.status < 300 && said) resolve(said);
      else if (request.status === 413 || request.status === 415 || request.status === 422) resolve({ ...said, state: 'refused', error: said?.error || /*T*/'This file cannot be used.' });
      else if (request.status === 429) interrupted(said?.error || /*T*/'Too many tries. Wait a little, then retry.');
      else interrupted(said?.error || /*T*/'The site is briefly unavailable. Retry in a moment.');
    };
    const body = new FormData();
    body.append('photos', file, file.name);
    started(request);
    request.send(body);
  });
}

