// On every page: keyboard commands, menus that close, errors that are met first, and the photo that carries over.

const root = document.documentElement;
const letters = 'letters' in root.dataset;
const member = !!document.querySelector('.nav:not(.visitor)');

document.querySelector('[data-focus]')?.focus();

// menus
const open = () => document.querySelector('details.menu[open]');
document.addEventListener('click', (event) => {
  for (const menu of document.querySelectorAll('details.menu[open]')) if (!menu.contains(event.target)) menu.open = false;
});

const posts = () => [...document.querySelectorAll('[data-post]')].filter((post) => post.getClientRects().length);
// A card takes the focus itself; a tile has one link, or the one that shows what a warning covers.
const targetOf = (post) => (post.hasAttribute('tabindex') ? post : post.querySelector('a') || post);
const current = () => document.activeElement?.closest?.('[data-post]') || (posts().length === 1 ? posts()[0] : null);

function step(by) {
  const all = posts();
  if (!all.length) return;
  const at = all.indexOf(document.activeElement?.closest?.('[data-post]'));
  let to = at + by;
  if (at < 0) to = Math.max(all.findIndex((p) => p.getBoundingClientRect().bottom > innerHeight / 4), 0);
  const post = all[Math.min(Math.max(to, 0), all.length - 1)];
  targetOf(post).focus({ preventScroll: true });
  post.scrollIntoView({ block: post.matches('.tile') ? 'nearest' : 'start' });
}

const press = (act) => () => current()?.querySelector(`[data-act=${act}] button`)?.click();
const go = (path) => location.assign(path);
const profile = () => document.querySelector('.nav a[href^="/@"]')?.getAttribute('href');

const commands = {
  '?': [/*T*/'This list', () => import('./help.js').then((m) => m.help(commands, ways))],
  '/': [/*T*/'Search', () => { const box = document.querySelector('#f-q'); if (box) box.focus(); else go('/search'); }],
  j: [/*T*/'Next', () => step(1)],
  k: [/*T*/'Previous', () => step(-1)],
  o: [/*T*/'Open', () => { const post = current(); if (post?.dataset.post) go(post.dataset.post); }],
};
const ways = { h: [/*T*/'Home', () => go('/')], e: [/*T*/'Explore', () => go('/explore')] };
if (member) {
  commands.n = [/*T*/'Post|verb', () => go('/compose')];
  commands.l = [/*T*/'Like', press('like')];
  commands.r = [/*T*/'Boost', press('boost')];
  commands.b = [/*T*/'Bookmark', press('bookmark')];
  commands.c = [/*T*/'Comment', () => { const box = document.querySelector('#f-text'); if (box) box.focus(); else current()?.querySelector('[data-comment]')?.click(); }];
  ways.n = [/*T*/'Notifications', () => go('/notifications')];
  ways.p = [/*T*/'Profile', () => go(profile())];
}

let g = 0;
document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape' && open()) {
    const menu = open();
    menu.open = false;
    menu.querySelector('summary').focus();
    return;
  }
  if (!letters || event.defaultPrevented || event.metaKey || event.ctrlKey || event.altKey || event.isComposing) return;
  if (event.target.closest('input,textarea,select,dialog,[contenteditable]')) return;
  const way = Date.now() - g < 1500 && ways[event.key];
  g = 0;
  if (way) {
    event.preventDefault();
    way[1]();
  } else if (event.key === 'g') {
    g = Date.now();
  } else if (commands[event.key]) {
    event.preventDefault();
    commands[event.key][1]();
  }
});

// The photo that was clicked becomes the photo of the next page, else a post's first one does. Two elements of one name
// would end the transition.
function carry(url, transition) {
  if (!transition || !url) return;
  const photos = [...document.querySelectorAll('a:not(.avatar) img')].filter((img) => img.getClientRects().length);
  const { pathname } = new URL(url);
  const img = photos.find((i) => i.closest('a').getAttribute('href') === pathname) || photos.find((i) => i.closest('.post-page .mat'));
  if (!img) return;
  img.style.viewTransitionName = 'photo';
  transition.finished.finally(() => { img.style.viewTransitionName = ''; });
}
addEventListener('pageswap', (event) => carry(event.activation?.entry?.url, event.viewTransition));
addEventListener('pagereveal', (event) => carry(globalThis.navigation?.activation?.from?.url, event.viewTransition));
