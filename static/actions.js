// Like, follow, comment and "Show" without a reload. Each sends the very form, or follows the very link, that works
// without scripts.
import { say, load, send, swap, key, grouped, count } from './dom.js';

const number = (el) => Number(el?.textContent.replace(/\D/g, '') || 0);

document.addEventListener('submit', (event) => {
  const form = event.target;
  const act = acts[form.dataset.act];
  if (!act || !form.reportValidity()) return;
  event.preventDefault();
  if (form.dataset.busy) return;
  form.dataset.busy = '1';
  act(form).finally(() => { delete form.dataset.busy; });
});

const acts = {
  async like(form) {
    const row = form.closest('.actions');
    const button = form.querySelector('button');
    const n = form.querySelector('.n');
    const liked = button.getAttribute('aria-pressed') === 'true';
    const before = number(n);
    const sent = send(form);
    const show = (on, likes) => { button.setAttribute('aria-pressed', on); count(n, likes); };
    show(!liked, before + (liked ? -1 : 1));
    try {
      const { doc } = await sent;
      if (!swap(row, doc)) form.action = form.action.replace(/(un)?like$/, liked ? 'like' : 'unlike');
    } catch (error) {
      show(liked, before);
      say(error.message);
    }
  },

  async follow(form) {
    const box = form.closest('.follow');
    const button = form.querySelector('button');
    const word = button.firstChild;
    const before = word.textContent;
    const sent = send(form);
    const next = { Follow: 'Following', 'Ask to follow': 'Requested', Following: 'Follow', Requested: 'Ask to follow', Unblock: 'Follow' };
    word.textContent = next[before.trim()] || before;
    button.classList.toggle('plain');
    try {
      const { doc } = await sent;
      if (!swap(box, doc)) location.reload();
    } catch (error) {
      word.textContent = before;
      button.classList.toggle('plain');
      say(error.message);
    }
  },

  async comment(form) {
    const button = form.querySelector('button');
    button.disabled = true;
    try {
      const { doc, whole } = await send(form);
      const list = document.getElementById('comments');
      if (whole) {
        list.replaceWith(document.importNode(doc.getElementById('comments'), true));
      } else {
        place(list, document.importNode(doc.querySelector('.comment'), true), form.elements.in_reply_to.value);
      }
      counted();
      form.elements.text.value = '';
      form.elements.idempotency_key.value = key();
      replyTo(form, '', '');
      say('Your comment is posted.');
    } catch (error) {
      const refused = error.doc && swap(form, error.doc);
      if (refused) refused.querySelector('[aria-invalid]')?.focus();
      else say(error.message);
    } finally {
      button.disabled = false;
    }
  },
};

// place puts a comment at the end, or after the last answer of its thread.
function place(list, item, parent) {
  let after = parent && document.getElementById('c-' + parent);
  while (after?.nextElementSibling?.classList.contains('reply')) after = after.nextElementSibling;
  if (after) after.after(item);
  else list.append(item);
  item.scrollIntoView({ block: 'nearest' });
}

function counted() {
  const n = document.querySelector('[data-comment] .n');
  const now = number(n) + 1;
  count(n, now);
  const head = document.getElementById('comments-head');
  if (head) head.textContent = now === 1 ? '1 comment' : grouped(now) + ' comments';
}

function replyTo(form, id, name) {
  form.elements.in_reply_to.value = id;
  const text = form.elements.text;
  let hint = document.getElementById('h-text');
  if (!hint) {
    hint = Object.assign(document.createElement('p'), { id: 'h-text', className: 'hint' });
    text.before(hint);
    text.setAttribute('aria-describedby', 'h-text');
  }
  hint.textContent = id && 'In reply to @' + name;
  form.querySelector('[data-cancel-reply]').hidden = !id;
}

document.addEventListener('click', async (event) => {
  if (event.metaKey || event.ctrlKey || event.shiftKey) return;
  const form = document.querySelector('form#comment');
  const reply = event.target.closest('[data-reply]');
  if (reply && form) {
    event.preventDefault();
    replyTo(form, reply.dataset.reply, reply.dataset.name);
    form.elements.text.focus();
    return;
  }
  if (event.target.closest('[data-cancel-reply]')) {
    event.preventDefault();
    replyTo(form, '', '');
    form.elements.text.focus();
    return;
  }
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
