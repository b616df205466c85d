// What a post's page has besides: the dots of its reel, and the way through the list that the reader came from.
import { load } from './dom.js';

document.documentElement.classList.add('js');

const reel = document.querySelector('[data-reel]');
if (reel) {
  const dots = [...document.querySelectorAll('.dots a')];
  const watch = new IntersectionObserver((entries) => {
    for (const e of entries) {
      if (e.isIntersecting) dots.forEach((dot) => (dot.hash === `#${e.target.id}` ? dot.setAttribute('aria-current', 'true') : dot.removeAttribute('aria-current')));
    }
  }, { root: reel, threshold: 0.6 });
  for (const slide of reel.children) watch.observe(slide);
  const calm = matchMedia('(prefers-reduced-motion:reduce)').matches;
  const to = (slide) => slide && reel.scrollTo({ left: slide.offsetLeft - reel.offsetLeft, behavior: calm ? 'instant' : 'smooth' });
  reel.parentElement.addEventListener('click', (event) => {
    const link = event.target.closest('.turn,.dots a');
    if (!link) return;
    event.preventDefault();
    to(document.getElementById(link.hash.slice(1)));
  });
  reel.addEventListener('keydown', (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!by || event.target !== reel || event.metaKey || event.ctrlKey || event.altKey) return;
    event.preventDefault();
    to(reel.children[Math.round(reel.scrollLeft / reel.clientWidth) + by]);
  });
}

// feed.js left the list behind, and where it goes on.
let list = [];
let more = '';
try {
  list = JSON.parse(sessionStorage.getItem('from')) || [];
  more = sessionStorage.getItem('more');
} catch { /* not kept, so the author's posts are left */ }
const at = list.indexOf(location.pathname);
if (at >= 0) {
  turn('prev', list[at - 1], /*T*/'Previous');
  turn('next', list[at + 1], /*T*/'Next');
  if (!list[at + 1] && more) {
    further().then((url) => turn('next', url, /*T*/'Next')).catch(() => {}); // the author's list is not this one: Next stays off
  }
}

function turn(way, url, words) {
  const link = document.querySelector(`[data-way=${way}]`);
  link.setAttribute('aria-label', words);
  if (url) {
    link.href = url;
    link.rel = way;
    link.removeAttribute('role');
    link.removeAttribute('aria-disabled');
  } else {
    link.removeAttribute('href');
    link.removeAttribute('rel');
    link.setAttribute('role', 'link');
    link.setAttribute('aria-disabled', 'true');
  }
}

// further reads the next page of the list, whose first new post is the next one. A page may hold nothing new.
async function further() {
  for (let tries = 0; more && tries < 3; tries += 1) {
    const { doc } = await load(more, { headers: { 'X-Fragment': '' } });
    const fresh = Array.from(doc.querySelectorAll('[data-post]'), (el) => el.dataset.post).filter((url) => !list.includes(url));
    const link = doc.querySelector('.pager [data-older]');
    more = link ? new URL(link.getAttribute('href'), more).href : '';
    list.push(...fresh);
    sessionStorage.from = JSON.stringify(list);
    sessionStorage.more = more;
    if (fresh.length) return fresh[0];
  }
  return '';
}
