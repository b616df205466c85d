// The lightbox's script comes when a photo is pointed at or opened. Where it does not come, the link is followed.
const plates = () => import('./plates.js');
const photo = (event) => event.target.closest?.('a[data-lightbox]');

if (document.querySelector('[data-plate]')) {
  plates();
} else {
  document.addEventListener('pointerover', (event) => { if (photo(event)) plates().catch(() => {}); });
  document.addEventListener('click', async (event) => {
    const link = photo(event);
    if (!link || event.metaKey || event.ctrlKey || event.shiftKey || !window.HTMLDialogElement) return;
    event.preventDefault();
    try {
      (await plates()).show([...link.closest('[data-gallery]').querySelectorAll('a[data-lightbox]')], link);
    } catch {
      location.assign(link.href);
    }
  });
}
