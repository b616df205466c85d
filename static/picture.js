// Shows a picture that is chosen before it is sent. Makes a JPEG of a HEIC, where the browser can. Any other file is sent as it
// is, and the site says what to do about it.
import { isHEIC } from './upload.js';

/** Shows a file where the field's picture stands, or below the field, and null as it was before. */
function preview(input) {
  const stands = input.closest('.picture')?.querySelector('img');
  const image = stands ?? Object.assign(new Image(), { className: 'site-picture', alt: '', hidden: true });
  if (!stands) input.after(image);
  const before = image.getAttribute('src') ?? '';
  const unsaved = input.parentElement.querySelector('[data-unsaved]');
  let url;
  return async (file) => {
    const old = url;
    const mine = url = file && URL.createObjectURL(file);
    const readable = mine && await Object.assign(new Image(), { src: mine }).decode().then(() => true, () => false);
    if (url !== mine) return; // another was chosen meanwhile
    if (readable || stands) image.src = readable ? mine : before;
    if (!stands) image.hidden = !readable;
    unsaved.hidden = !readable;
    if (old) URL.revokeObjectURL(old);
  };
}

for (const input of document.querySelectorAll('[data-picture]')) {
  const show = preview(input);
  input.addEventListener('change', async () => {
    const [file] = input.files;
    if (!file || !isHEIC(file)) {
      show(file);
      return;
    }
    const button = input.form.querySelector('button');
    button.disabled = true;
    const made = await import('./heic.js').then(({ toJPEG }) => toJPEG(file), () => null);
    button.disabled = false;
    if (input.files[0] !== file) return;
    show(made);
    if (!made) return;
    const chosen = new DataTransfer();
    chosen.items.add(made);
    input.files = chosen.files;
  });
}
