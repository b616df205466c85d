// Makes a JPEG of a HEIC that is chosen as a picture, where the browser can. Any other file is sent as it is, and the site
// says what to do about it.
import { isHEIC } from './upload.js';

for (const input of document.querySelectorAll('[data-picture]')) {
  input.addEventListener('change', async () => {
    const [file] = input.files;
    if (!file || !isHEIC(file)) return;
    const button = input.form.querySelector('button');
    button.disabled = true;
    const made = await import('./heic.js').then(({ toJPEG }) => toJPEG(file), () => null);
    button.disabled = false;
    if (!made || input.files[0] !== file) return;
    const chosen = new DataTransfer();
    chosen.items.add(made);
    input.files = chosen.files;
  });
}
