// What the other modules share: saying things, and sending forms.

// A proxy between here and the site answers without a sentence.
const status = {
  401: /*T*/'Log in first.',
  429: /*T*/'Too many tries. Wait a little.',
  503: /*T*/'The site is briefly unavailable. Try again.',
};

// say shows a sentence near the foot of the page, and has it read out; quiet ones are only read out.
export const say = (text, quiet) => import('./say.js').then((m) => m.say(text, quiet), () => { document.getElementById('say').textContent = text; });

// load fetches a page or a fragment. Where log-in is asked for, the browser goes there. Failures are Errors whose
// message is a sentence for the reader; doc is what was answered.
export async function load(url, options = {}) {
  let answer, text;
  try {
    answer = await fetch(url, { ...options, headers: { 'X-Fragment': '1', Accept: 'text/html', ...options.headers } });
    text = await answer.text();
  } catch {
    throw new Error(/*T*/'The connection dropped. Try again.');
  }
  if (answer.redirected && new URL(answer.url).pathname === '/login') {
    location.assign(answer.url);
    throw new Error(/*T*/'Log in first.');
  }
  const doc = new DOMParser().parseFromString(text, 'text/html');
  if (!answer.ok) {
    const words = doc.querySelector('[data-sentence]')?.textContent || read(text)?.error || status[answer.status] || /*T*/'That did not work. Try again.';
    throw Object.assign(new Error(words), { status: answer.status, doc });
  }
  return { doc, text };
}

// read is what JSON says, or null.
export function read(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

// send sends a form as the browser would, once what its caller changes is seen: to begin a request takes a slow phone longer
// than to show that. Where log-in is asked for first, the browser itself sends it: the log-in page then carries what was entered.
export async function send(form) {
  // A page that is hidden is never painted.
  await new Promise((done) => { requestAnimationFrame(() => setTimeout(done)); setTimeout(done, 99); });
  try {
    return await load(form.action, { method: 'POST', body: new URLSearchParams(new FormData(form)) });
  } catch (error) {
    if (error.status === 401) form.submit();
    throw error;
  }
}

// swap puts an answer's element in the place of the page's, and keeps the focus where it was.
export function swap(old, doc) {
  const fresh = old && doc.getElementById(old.id);
  if (!fresh) return null;
  const node = document.importNode(fresh, true);
  const focused = old.contains(document.activeElement);
  const tag = focused && document.activeElement.localName;
  old.replaceWith(node);
  if (focused) (node.querySelector(tag) || node.querySelector('a,button'))?.focus({ preventScroll: true });
  return node;
}

// Numbers as the pages write them; a count of nothing is not shown. The language says what stands between three digits.
export const grouped = (n) => (n < 10000 ? String(n) : String(n).replace(/\B(?=(\d{3})+$)/g, /*GROUP*/'\u202f'));
export const count = (el, n) => { if (el) el.textContent = n > 0 ? grouped(n) : ''; };

// comments shows a post's count of comments wherever the page tells it. It is always the server's number: what a member
// does here is also told by the live stream, before or after the answer.
export function comments(id, n) {
  count(document.querySelector(`#a-${id} [data-comment] .n`), n);
  for (const el of document.querySelectorAll(`[data-comments="${id}"]`)) {
    el.textContent = n ? (n === 1 ? /*T*/'1 comment' : /*T*/`${grouped(n)} comments`) : /*T*/'No comments yet';
    if (el.localName === 'a') el.hidden = !n;
  }
}

export const number = (el) => Number(el?.textContent.replace(/\D/g, '') || 0);
