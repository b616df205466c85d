// A member's page in view hears of likes, boosts, comments and notifications as they come. Without it the page is as it was
// when it was loaded.
import { comments, count, grouped } from './dom.js';

const shortest = 2000;
const longest = 120000;
let source, timer, wait = shortest;

const posts = () => [...document.querySelectorAll('.actions[id^="a-"]')].slice(0, 60).map((row) => row.id.slice(2)).join();

// A browser opens six connections to a site: only pages in view keep one.
function open() {
  clearTimeout(timer);
  if (source || document.hidden) return;
  source = new EventSource('/live?posts=' + posts());
  source.addEventListener('open', () => { wait = shortest; });
  source.addEventListener('error', later);
  source.addEventListener('unread', ({ data }) => badge(JSON.parse(data).unread));
  source.addEventListener('counts', ({ data }) => counts(JSON.parse(data)));
}

function close() {
  source?.close();
  source = null;
  clearTimeout(timer);
}

// later tries again after a while that grows.
function later() {
  close();
  timer = setTimeout(open, wait * (0.5 + Math.random()));
  wait = Math.min(wait * 2, longest);
}

function counts(now) {
  for (const act of ['like', 'boost']) {
    count(document.querySelector(`#a-${now.id} [data-act=${act}]:not([data-busy]) .n`), now[act + 's']);
  }
  comments(now.id, now.comments);
  dispatchEvent(Object.assign(new Event('counts'), now));
}

function badge(n) {
  const link = document.querySelector('.nav a[href="/notifications"]');
  let b = link?.querySelector('.badge');
  if (!n || !link) return b?.remove();
  if (!b) link.append(b = Object.assign(document.createElement('b'), { className: 'badge' }));
  b.textContent = n > 99 ? '99+' : grouped(n);
  b.append(Object.assign(document.createElement('span'), { className: 'vh', textContent: ' ' + /*T*/'unread' }));
}

document.addEventListener('visibilitychange', () => (document.hidden ? close() : open()));
addEventListener('pagehide', close);
addEventListener('pageshow', (event) => { if (event.persisted) open(); });
open();
