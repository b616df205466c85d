// Older pages are added two screens before the end, four of them; then the reader asks. The address follows the page
// being read, and Back returns to the place.
import { say, load } from './dom.js';

const list = document.querySelector('[data-feed]');
const pages = 4;
let left = pages;
let busy = false;

const items = () => [...list.children];
const older = () => document.querySelector('.pager [data-older]');

if (list) {
  for (const item of items()) item.dataset.page = location.pathname + location.search;
  restore();
  watch();
  addEventListener('click', (event) => {
    const link = event.target.closest('[data-older]');
    if (!link || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    left = pages;
    more(true);
  });
  let waiting;
  addEventListener('scroll', () => { waiting ||= setTimeout(() => { waiting = 0; follow(); }, 250); }, { passive: true });
  addEventListener('pagehide', remember);
}

function watch() {
  const link = older();
  if (!link) return;
  new IntersectionObserver((entries, observer) => {
    if (entries.some((e) => e.isIntersecting) && left > 0) {
      observer.disconnect();
      more(false);
    }
  }, { rootMargin: '0px 0px 200% 0px' }).observe(link);
}

async function more(asked) {
  const link = older();
  if (busy || !link) return;
  busy = true;
  left -= 1;
  const address = new URL(link.href);
  try {
    const { doc } = await load(link.href, { headers: { 'X-Fragment': '' } });
    const fresh = [...(doc.querySelector('[data-feed]')?.children || [])].map((node) => document.importNode(node, true));
    for (const item of fresh) {
      item.dataset.page = address.pathname + address.search;
      for (const img of item.querySelectorAll('img')) { img.loading = 'lazy'; img.removeAttribute('fetchpriority'); }
    }
    const known = new Set(items().map((item) => idOf(item)));
    const added = fresh.filter((item) => !known.has(idOf(item)));
    list.append(...added);
    const pager = link.closest('.pager');
    const next = doc.querySelector('.pager [data-older]');
    if (next) link.href = next.href;
    else {
      const end = doc.querySelector('[data-end]');
      if (end) pager.after(document.importNode(end, true));
      link.remove();
      if (!pager.children.length) pager.remove();
    }
    if (added.length) say(/*T*/`${added.length} more`, true);
    if (asked) (added[0]?.querySelector('a') || added[0])?.focus({ preventScroll: true });
    busy = false;
    watch();
  } catch (error) {
    busy = false;
    left = 0;
    say(error.message);
  }
}

const idOf = (item) => item.id || item.querySelector('[id]')?.id;

const reading = () => items().find((item) => item.getBoundingClientRect().bottom > 80);

function follow() {
  const page = reading()?.dataset.page;
  if (page && page !== location.pathname + location.search) history.replaceState(history.state, '', page);
}

function remember() {
  const item = reading();
  if (item) history.replaceState({ ...history.state, item: idOf(item), top: item.getBoundingClientRect().top }, '');
  // For next and previous on a post's page: what is pinned above the list stands in it as well. It comes last: where nothing
  // may be stored, it throws.
  sessionStorage.from = JSON.stringify(Array.from(list.querySelectorAll('[data-post]'), (el) => el.dataset.post));
  sessionStorage.more = older()?.href || '';
}

function restore() {
  const { item, top } = history.state || {};
  const at = item && document.getElementById(item);
  const way = performance.getEntriesByType('navigation')[0]?.type;
  if (!at || (way !== 'back_forward' && way !== 'reload')) return;
  // The browser would go to the same height, which was that of a longer page.
  history.scrollRestoration = 'manual';
  scrollBy({ top: at.getBoundingClientRect().top - top, behavior: 'instant' });
}
