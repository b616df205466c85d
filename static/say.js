// A sentence near the foot of the page: above the bars, and never over a control.

const box = document.getElementById('say');
const controls = 'a[href],button,input,select,textarea,summary,label,.top,.post-bar';
let hush;

export function say(text, quiet = false) {
  box.classList.toggle('vh', quiet);
  box.textContent = text;
  clearTimeout(hush);
  hush = setTimeout(() => { box.textContent = ''; }, 6000);
  place();
}

// place moves the sentence up from the foot of the page until nothing that can be pressed is under it. Photographs are
// links too, and give way where nothing else is left; then air and labels do.
function place() {
  if (!box.textContent || box.classList.contains('vh')) return;
  box.style.bottom = '';
  const at = box.getBoundingClientRect();
  const seen = visualViewport; // what an on-screen keyboard leaves
  const foot = Math.min(at.bottom, seen.offsetTop + seen.height - 8);
  const taken = (all) => all.flatMap((el) => [...el.getClientRects()]).filter((r) => r.width > 1 && r.left < at.right && r.right > at.left);
  const all = [...document.querySelectorAll(controls)];
  const pressed = all.filter((el) => !el.querySelector('img'));
  for (const [some, gap] of [[all, 8], [pressed, 8], [pressed.filter((el) => !el.matches('label')), 1]]) {
    const rects = taken(some);
    const over = (y) => rects.find((r) => r.top < y + gap && r.bottom > y - at.height - gap);
    let y = foot;
    for (let r = over(y); r && y > at.height; r = over(y)) y = r.top - gap;
    if (y - at.height < gap) continue;
    box.style.bottom = `${innerHeight - y}px`;
    return;
  }
}

for (const moves of ['scroll', 'resize']) addEventListener(moves, place, { passive: true });
new ResizeObserver(place).observe(document.body); // what arrives late moves what is below it
