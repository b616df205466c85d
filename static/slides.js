// An album's photographs, one after the other. They are turned where they stand, so that a show in full screen goes on;
// without this the links to the previous and the next one are followed.
import { load, say } from './dom.js';

const page = document.querySelector('[data-plate]');
const controls = page.querySelector('[data-slides]');
const play = controls.querySelector('[data-play]');
const full = controls.querySelector('[data-full]');
const pace = controls.querySelector('select');
const link = (rel) => page.querySelector(`.plate-nav a[rel=${rel}]`);

let playing = false;
let timer, ahead, lock, turning;

// fetched is the page at url with its photograph, which is asked for once.
function fetched(url) {
  if (ahead?.url !== url) ahead = { url, page: read(url) };
  return ahead.page;
}

async function read(url) {
  const { doc } = await load(url, { headers: { 'X-Fragment': '' } });
  const fresh = document.importNode(doc.querySelector('[data-plate]'), true);
  await fresh.querySelector('.frame img')?.decode().catch(() => {});
  return { fresh, title: doc.title };
}

async function turn(url) {
  if (turning) return; // a key that is held, or a click just as the time is over
  turning = true;
  clearTimeout(timer);
  try {
    const { fresh, title } = await fetched(url);
    ahead = null;
    const held = document.activeElement?.rel;
    const put = () => {
      for (const part of ['[data-close]', 'figure', '.plate-nav']) page.querySelector(part).replaceWith(fresh.querySelector(part).cloneNode(true));
      for (const part of ['h1', '[role=status]']) page.querySelector(part).textContent = fresh.querySelector(part).textContent;
      page.id = fresh.id;
      page.dataset.plate = fresh.dataset.plate;
      document.title = title;
      if (held) (link(held) || play).focus();
      play.disabled = !link('next');
    };
    const calm = matchMedia('(prefers-reduced-motion:reduce)').matches;
    if (calm || !document.startViewTransition || document.hidden) put();
    else await document.startViewTransition(put).updateCallbackDone;
    history.replaceState(history.state, '', url);
    scrollTo(0, 0);
    if (playing) wait();
  } catch (error) {
    ahead = null;
    stop();
    say(error.message);
  } finally {
    turning = false;
  }
}

function wait() {
  clearTimeout(timer);
  const to = link('next');
  if (!to) return stop();
  fetched(to.href).catch(() => {}); // turn says what is wrong
  timer = setTimeout(() => {
    if (document.hidden) wait();
    else turn(to.href);
  }, pace.value * 1000);
}

function stop() {
  set(false);
  if (document.activeElement === play && play.disabled) page.querySelector('[data-close]').focus();
}

function set(on) {
  playing = on;
  clearTimeout(timer);
  play.textContent = on ? /*T*/'Pause' : /*T*/'Play';
  if (on) {
    wait();
    keepAwake();
  } else {
    lock?.release();
    lock = null;
  }
}

const keepAwake = () => navigator.wakeLock?.request('screen').then((l) => { lock = l; if (!playing) l.release(); }, () => {});

const toggleFull = () => (document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen()).catch(() => {});

play.addEventListener('click', () => set(!playing));
full.addEventListener('click', toggleFull);
pace.addEventListener('change', () => { if (playing) wait(); });
document.addEventListener('visibilitychange', () => { if (playing && !document.hidden) keepAwake(); }); // browsers drop it with the tab
document.addEventListener('fullscreenchange', () => full.setAttribute('aria-pressed', !!document.fullscreenElement));
// plates.js clicks the links for keys and swipes.
page.addEventListener('click', (event) => {
  const to = event.target.closest('.plate-nav a');
  if (!to || !(playing || document.fullscreenElement) || event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  turn(to.href);
});
document.addEventListener('keydown', (event) => {
  if (event.metaKey || event.ctrlKey || event.altKey || event.target.closest('a,button,input,select,summary')) return;
  if (event.key === ' ' && !play.disabled) set(!playing);
  else if (event.key === 'f' && !full.hidden && 'letters' in document.documentElement.dataset) toggleFull();
  else return;
  event.preventDefault();
});

play.disabled = !link('next');
full.hidden = !document.fullscreenEnabled;
controls.hidden = false;
