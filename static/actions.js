// Like, boost, bookmark, follow and "Show" without a reload. Each sends the very form, or follows the very link, that works
// without scripts.
import { say, load, send, swap, count, number } from './dom.js';

document.addEventListener('submit', (event) => {
  const form = event.target;
  const act = acts[form.dataset.act];
  if (!act) return;
  event.preventDefault();
  if (form.dataset.busy) return;
  form.dataset.busy = '1';
  act(form).finally(() => { delete form.dataset.busy; });
});

// acts send forms by the name in data-act. comment.js adds its own.
export const acts = {
  like: mark,
  boost: mark,
  bookmark: mark,
  async follow(form) {
    const box = form.closest('.follow');
    const button = form.querySelector('button');
    const word = button.firstChild;
    const before = word.textContent;
    const show = (text) => { word.textContent = text; button.classList.toggle('plain'); };
    const sent = send(form);
    const next = { [/*T*/'Follow']: /*T*/'Following', [/*T*/'Ask to follow']: /*T*/'Requested', [/*T*/'Following']: /*T*/'Follow', [/*T*/'Requested']: /*T*/'Ask to follow' };
    show(next[before.trim()] || before);
    try {
      const { doc } = await sent;
      if (!swap(box, doc)) location.reload();
      swap(document.getElementById(box.id.replace('follow', 'counts')), doc);
    } catch (error) {
      show(before);
      say(error.message);
    }
  },
};

// mark turns like, boost or bookmark on or off.
async function mark(form) {
  const button = form.querySelector('button');
  const n = form.querySelector('.n');
  const on = button.getAttribute('aria-pressed') === 'true';
  const before = number(n);
  const sent = send(form);
  const show = (on, times) => { button.setAttribute('aria-pressed', on); count(n, times); };
  show(!on, before + (on ? -1 : 1));
  try {
    const { doc } = await sent;
    if (!swap(form.closest('[id]'), doc)) location.reload();
  } catch (error) {
    show(on, before);
    say(error.message);
  }
}

document.addEventListener('click', async (event) => {
  if (event.metaKey || event.ctrlKey || event.shiftKey) return;
  const show = event.target.closest('[data-show]');
  if (!show) return;
  event.preventDefault();
  try {
    const { doc } = await load(show.href, { headers: { 'X-Fragment': '' } });
    const shown = swap(document.getElementById(show.dataset.show), doc);
    if (!shown) location.assign(show.href);
  } catch (error) {
    say(error.message);
  }
});
