// Arranging an album: a tile is dragged before another, and what the buttons send is sent. Where that fails the page is
// loaded again, as it is.
import { say, load } from './dom.js';

const list = document.querySelector('[data-arrange]');
let held;
const tileOf = (event) => event.target.closest?.('[data-photo]');

for (const tile of list?.children ?? []) tile.draggable = true;
list?.addEventListener('dragstart', (event) => {
  held = tileOf(event);
  if (held) event.dataTransfer.effectAllowed = 'move';
});
list?.addEventListener('dragend', () => { held = null; });
list?.addEventListener('dragover', (event) => { if (held) event.preventDefault(); });
list?.addEventListener('drop', async (event) => {
  const on = tileOf(event);
  if (!held || !on || on === held) return;
  event.preventDefault();
  const tile = held;
  const down = tile.compareDocumentPosition(on) & Node.DOCUMENT_POSITION_FOLLOWING;
  const next = down ? on.nextElementSibling : on;
  // Behind the last of this page: before the one that it would follow, and that one a step up.
  const steps = next ? [{ to: 'before', photo: tile.dataset.photo, before: next.dataset.photo }] : [
    { to: 'before', photo: tile.dataset.photo, before: on.dataset.photo }, { to: 'later', photo: tile.dataset.photo }];
  list.insertBefore(tile, next);
  try {
    for (const step of steps) await load(list.dataset.arrange, { method: 'POST', body: new URLSearchParams(step) });
    say(/*T*/'Moved.', true);
  } catch (error) {
    say(error.message);
    location.reload();
  }
});
