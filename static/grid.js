// The switch to square cuts, three across, on a phone. The server reads the same cookie for members; to visitors, whose
// pages are the same for all, this script shows their choice.
const form = document.querySelector('form[data-three]');
const root = document.documentElement;

if (form) {
  const button = form.querySelector('button');
  const show = (on) => {
    root.toggleAttribute('data-three', on);
    button.setAttribute('aria-pressed', on);
    button.value = !on;
  };
  form.hidden = false;
  show(/(^|; )grid=three/.test(document.cookie));
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const on = !root.hasAttribute('data-three');
    document.cookie = `grid=${on ? 'three' : ''};path=/;max-age=${on ? 31536000 : 0};samesite=lax${location.protocol === 'https:' ? ';secure' : ''}`;
    show(on);
  });
}

// The page for when the network is away.
navigator.serviceWorker?.register('/sw.js').catch(() => {});
