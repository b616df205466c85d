// Comments without a reload, and answers to them.
import { acts } from './actions.js';
import { say, send, swap, comments, number } from './dom.js';

const key = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, '0')).join('');

acts.comment = async (form) => {
  const button = form.querySelector('button');
  button.disabled = true;
  try {
    const { doc } = await send(form);
    const list = document.getElementById('comments');
    const held = doc.querySelector('[data-held]');
    if (held) {
      form.elements.text.value = '';
      form.elements.idempotency_key.value = key();
      replyTo(form, '', '');
      say(held.textContent);
      return;
    }
    if (doc.getElementById('main')) { // a whole page
      list.replaceWith(document.importNode(doc.getElementById('comments'), true));
    } else {
      place(list, document.importNode(doc.querySelector('.comment'), true), form.elements.in_reply_to.value);
    }
    comments(doc.querySelector('.actions').id.slice(2), number(doc.querySelector('[data-comment] .n')));
    form.elements.text.value = '';
    form.elements.idempotency_key.value = key();
    replyTo(form, '', '');
    say(/*T*/'Your comment is posted.');
  } catch (error) {
    const refused = error.doc && swap(form, error.doc);
    if (refused) refused.querySelector('[aria-invalid]')?.focus();
    else say(error.message);
  } finally {
    button.disabled = false;
  }
};

// place puts a comment at the end, or after the last answer of its thread.
function place(list, item, parent) {
  let after = parent && document.getElementById('c-' + parent);
  while (after?.nextElementSibling?.classList.contains('reply')) after = after.nextElementSibling;
  if (after) after.after(item);
  else list.append(item);
  item.scrollIntoView({ block: 'nearest' });
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
  hint.textContent = id && /*T*/`In reply to @${name}`;
  form.querySelector('[data-cancel-reply]').hidden = !id;
}

document.addEventListener('click', (event) => {
  const form = document.querySelector('form#comment');
  const reply = event.target.closest('[data-reply]');
  const cancel = event.target.closest('[data-cancel-reply]');
  if (!form || (!reply && !cancel) || event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  replyTo(form, reply?.dataset.reply || '', reply?.dataset.name);
  form.elements.text.focus();
});

// closed says in the form that nobody may comment any more. What was typed stays to be copied.
function closed(form, why) {
  let line = form?.querySelector('[data-closed]');
  if (!form || (line?.textContent || '') === (why || '')) return;
  form.querySelector('.buttons').hidden = !!why;
  if (!why) return line.remove();
  if (!line) form.append(line = Object.assign(document.createElement('p'), { className: 'hint' }));
  line.dataset.closed = '';
  line.setAttribute('role', 'status');
  line.textContent = why;
}

// live.js tells of the counts that it hears.
addEventListener('counts', ({ id, closed: why }) => closed(document.querySelector(`form#comment[action="/posts/${id}/comments"]`), why));
