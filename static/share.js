// Passes an address on: to the device's own sheet, or to the clipboard. Without scripts it can be copied.
import { say } from './dom.js';

const share = document.querySelector('[data-share]');
if (share) {
  share.querySelector('summary').addEventListener('click', async (event) => {
    const url = share.querySelector('input').value;
    if (!navigator.share && !navigator.clipboard) return;
    event.preventDefault();
    try {
      if (navigator.share) await navigator.share({ title: document.title, url });
      else {
        await navigator.clipboard.writeText(url);
        say(/*T*/'The address is copied.');
      }
    } catch (error) {
      if (error.name !== 'AbortError') share.open = true;
    }
  });
}
