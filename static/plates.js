// The lightbox over a page: the gallery's photos on the plate, one beside the other. Its address is that of a real
// page, so that it can be shared, and Back closes it. On that page itself, only keys and swipes are added.

if (document.querySelector('[data-plate]')) {
  const onPlate = (link) => document.querySelector(`[data-plate] a${link}`); // looked up each time: "Show" puts another plate there
  document.addEventListener('keydown', (event) => {
    if (event.metaKey || event.ctrlKey || event.altKey || event.target.closest?.('select,input,textarea')) return;
    const link = { ArrowLeft: '[rel=prev]', ArrowRight: '[rel=next]', Escape: '[data-close]' }[event.key];
    const to = link && onPlate(link);
    if (to) to.click();
  });
  let from;
  document.addEventListener('touchstart', (event) => { from = event.touches.length === 1 && event.target.closest('[data-plate]') && event.touches[0]; }, { passive: true });
  document.addEventListener('touchend', (event) => {
    const by = from && event.touches.length === 0 ? event.changedTouches[0].clientX - from.clientX : 0;
    const aside = from && Math.abs(event.changedTouches[0].clientY - from.clientY) < Math.abs(by) / 2;
    const to = aside && Math.abs(by) > 60 && visualViewport?.scale === 1 && onPlate(by > 0 ? '[rel=prev]' : '[rel=next]');
    from = null;
    if (to) to.click();
  }, { passive: true });
}

const sprite = () => document.querySelector('use')?.getAttribute('href').split('#')[0];
const icon = (name) => `<svg class="i" aria-hidden="true"><use href="${sprite()}#${name}"/></svg>`;

// ownGradient gives a copied placeholder an id of its own to paint with.
function ownGradient(ph) {
  const gradient = ph.querySelector('linearGradient');
  gradient.id += '-plate';
  ph.querySelector('rect').setAttribute('fill', `url(#${gradient.id})`);
  return ph;
}

export function show(links, opener) {
  const box = document.createElement('dialog');
  box.className = 'plates';
  box.setAttribute('aria-label', /*T*/'Photographs');
  box.innerHTML = `<div class="plate-bar"><span class="cam" role="status"></span><span class="acts">
<button class="act" data-do="prev" aria-label="${/*T*/'Previous'}">${icon('chevron-left')}</button>
<button class="act" data-do="next" aria-label="${/*T*/'Next'}">${icon('chevron')}</button>
<button class="act" data-do="zoom" aria-pressed="false">1:1</button>
<button class="act" data-do="info" aria-pressed="true">${/*T*/'Description'}</button>
<button class="act" data-do="close" aria-label="${/*T*/'Close'}">${icon('close')}</button></span></div>
<div class="reel" tabindex="0" role="group" aria-label="${/*T*/'Photograph'}"></div><p class="words"></p>`;
  const reel = box.querySelector('.reel');
  const said = box.querySelector('[role=status]');
  const words = box.querySelector('.words');
  const button = (name) => box.querySelector(`[data-do=${name}]`);
  const figures = links.map((link) => {
    const from = link.querySelector('img');
    const figure = document.createElement('figure');
    const frame = document.createElement('div');
    frame.className = 'frame';
    const ph = link.parentElement.querySelector('.ph')?.cloneNode(true);
    const img = new Image();
    img.alt = from.alt;
    img.draggable = false;
    if (ph) frame.append(ownGradient(ph));
    frame.append(img);
    figure.append(frame);
    reel.append(figure);
    return { figure, img, from, link, full: false };
  });
  let at = Math.max(links.indexOf(opener), 0);
  let going = -1; // where a button or a key is taking the reel, past what lies between

  const fill = (f) => {
    if (!f || f.img.srcset) return;
    f.img.sizes = '100vw';
    f.img.srcset = f.from.srcset;
    f.img.src = f.from.src;
  };
  const widest = (f) => Math.max(...f.from.srcset.split(',').map((s) => parseInt(s.trim().split(' ')[1], 10) || 0));

  function settle(n) {
    at = n;
    for (const i of [n, n + 1, n - 1]) fill(figures[i]);
    figures.forEach((f, i) => { f.figure.inert = i !== n; if (i !== n && f.full) zoom(f); });
    said.textContent = /*T*/`${n + 1} of ${figures.length}`;
    words.textContent = figures[n].img.alt || /*T*/'No description';
    button('prev').hidden = button('next').hidden = figures.length < 2;
    button('prev').disabled = n === 0;
    button('next').disabled = n === figures.length - 1;
    button('zoom').setAttribute('aria-pressed', figures[n].full);
    history.replaceState(history.state, '', links[n].href);
  }
  function to(n, smooth = true) {
    const i = Math.min(Math.max(n, 0), figures.length - 1);
    const calm = matchMedia('(prefers-reduced-motion:reduce)').matches;
    going = i;
    reel.scrollTo({ left: figures[i].figure.offsetLeft - reel.offsetLeft, behavior: smooth && !calm ? 'smooth' : 'instant' });
    settle(i);
  }
  // One pixel of the largest variant to one of the screen.
  function zoom(f) {
    f.full = !f.full;
    const width = widest(f) / devicePixelRatio;
    f.img.sizes = f.full ? `${width}px` : '100vw';
    f.figure.classList.toggle('full', f.full);
    f.img.style.width = f.full ? `${width}px` : '';
    if (f.full) f.figure.scrollTo((f.figure.scrollWidth - f.figure.clientWidth) / 2, (f.figure.scrollHeight - f.figure.clientHeight) / 2);
    button('zoom').setAttribute('aria-pressed', f.full);
  }
  const acts = {
    prev: () => to(at - 1),
    next: () => to(at + 1),
    zoom: () => zoom(figures[at]),
    info: () => { words.hidden = !words.hidden; button('info').setAttribute('aria-pressed', !words.hidden); },
    close: () => history.back(),
  };
  box.addEventListener('click', (event) => acts[event.target.closest('[data-do]')?.dataset.do]?.());
  box.addEventListener('dblclick', (event) => { if (event.target.closest('figure')) zoom(figures[at]); });
  let tapped = 0;
  reel.addEventListener('touchend', (event) => {
    if (event.touches.length || event.changedTouches.length !== 1) return;
    if (event.timeStamp - tapped < 300) { event.preventDefault(); zoom(figures[at]); tapped = 0; } else tapped = event.timeStamp;
  });
  box.addEventListener('keydown', (event) => {
    if (event.metaKey || event.ctrlKey || event.altKey) return;
    const panning = figures[at].full && event.key.startsWith('Arrow');
    const act = { ArrowLeft: acts.prev, ArrowRight: acts.next, Home: () => to(0), End: () => to(figures.length - 1), z: acts.zoom, i: acts.info }[event.key];
    if (!act || panning) return;
    event.preventDefault();
    act();
  });
  box.addEventListener('cancel', (event) => { event.preventDefault(); acts.close(); });
  for (const hand of ['wheel', 'touchstart', 'pointerdown']) reel.addEventListener(hand, () => { going = -1; }, { passive: true });
  let still;
  reel.addEventListener('scroll', () => {
    clearTimeout(still);
    still = setTimeout(() => {
      const n = Math.round(reel.scrollLeft / reel.clientWidth);
      if (n === going) going = -1;
      if (going < 0 && n !== at && figures[n]) settle(n);
    }, 80);
  }, { passive: true });

  const end = () => {
    removeEventListener('popstate', end);
    box.close();
    box.remove();
    opener.focus({ preventScroll: true });
  };
  history.pushState({ lightbox: true }, '', opener.href);
  addEventListener('popstate', end);
  document.body.append(box);
  box.showModal();
  to(at, false);
  button('close').focus();
}
