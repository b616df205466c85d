// The draft on one page: many files at once, three on their way, each with its preview, progress and retry.
// The form and its buttons are those that work without scripts.
import { say, load, read } from './dom.js';
import { characters } from './count.js';
import { upload, refusal, isHEIC } from './upload.js';

for (const area of document.querySelectorAll('textarea[data-max]')) counter(area);
const form = document.querySelector('[data-compose]');
if (form) compose();

// counter tells the characters from 80 % of the limit on.
function counter(area) {
  const max = Number(area.dataset.max);
  const line = Object.assign(document.createElement('span'), { className: 'count cam' });
  line.hidden = true;
  area.after(line);
  const count = () => {
    const n = area.name === 'caption' ? characters(area.value, location.origin) : [...area.value].length;
    line.hidden = n < max * 0.8;
    line.classList.toggle('over', n > max);
    line.textContent = /*T*/`${n} of ${max}`;
  };
  area.addEventListener('input', count);
  count();
}

function compose() {
  document.documentElement.classList.add('js');
  const list = document.getElementById('photos');
  const blank = document.getElementById('new-photo');
  const icons = document.getElementById('state-icons').content;
  const publish = document.getElementById('publish');
  const files = document.querySelector('input#f-photos'); // none where a post holds no more
  const camera = document.getElementById('f-camera');
  const edits = form.dataset.compose === 'edit'; // a post that is there: its photos change when the form is saved
  const max = Number(form.dataset.maxPhotos);
  const most = Number(form.dataset.maxDraft) || max; // a draft may become several posts
  const rows = () => [...list.children];
  const state = (row) => row.dataset.state;
  const waiting = [];
  const jobs = new Map(); // row → {file, size, request, timer}
  let active = 0;
  let fresh = 0;
  let sending = false;

  // One page: the file control of page one moves into the draft.
  const pick = document.querySelector('[data-pick]');
  if (pick) {
    form.querySelector('.compose-photos').append(pick.querySelector('.add'));
    pick.remove();
    form.hidden = false;
  }
  if (files) {
    files.required = false;
    files.removeAttribute('name');
    for (const control of [files, camera]) control.addEventListener('change', () => { take(control.files); control.value = ''; });
    document.addEventListener('paste', (event) => {
      if (!event.clipboardData?.files.length) return;
      event.preventDefault();
      take(event.clipboardData.files);
    });
  }
  form.addEventListener('dragover', (event) => {
    if (!event.dataTransfer.types.includes('Files')) return;
    event.preventDefault();
    form.classList.add('drop');
  });
  form.addEventListener('dragleave', (event) => { if (!form.contains(event.relatedTarget)) form.classList.remove('drop'); });
  form.addEventListener('drop', (event) => {
    form.classList.remove('drop');
    if (!event.dataTransfer.files.length) return;
    event.preventDefault();
    take(event.dataTransfer.files);
  });

  function take(chosen) {
    const room = most - rows().filter((r) => !['refused', 'removed'].includes(state(r))).length;
    [...chosen].slice(0, Math.max(room, 0)).forEach(begin);
    if (chosen.length > room) say(edits ? /*T*/`A post holds up to ${max} photographs. The rest were left out.` : /*T*/`Up to ${most} photographs can wait to be posted. The rest were left out.`);
    next();
  }

  function begin(file) {
    fresh += 1;
    const holder = document.createElement('ol');
    holder.append(blank.content.cloneNode(true));
    const row = holder.querySelector('li');
    rename(row, '__ID__', 'new-' + fresh);
    row.querySelector('.file').textContent = file.name;
    for (const el of [row, ...row.querySelectorAll('.vh')]) swapText(el, file.name);
    list.append(row);
    preview(row, file);
    wire(row);
    jobs.set(row, { file });
    const why = refusal(file, Number(form.dataset.maxBytes));
    if (why) set(row, 'refused', why);
    else {
      set(row, 'waiting', /*T*/'Waiting');
      waiting.push(row);
    }
  }

  function swapText(el, name) {
    if (el.hasAttribute('aria-label')) el.setAttribute('aria-label', el.getAttribute('aria-label').replace('__NAME__', name));
    if (!el.children.length) el.textContent = el.textContent.replace('__NAME__', name);
  }

  // rename puts a photo's id wherever the markup names it.
  function rename(row, from, to) {
    for (const el of [row, ...row.querySelectorAll('*')]) {
      for (const a of [...el.attributes]) if (a.value.includes(from)) el.setAttribute(a.name, a.value.replaceAll(from, to));
    }
  }

  function preview(row, file) {
    const url = URL.createObjectURL(file);
    const img = new Image();
    img.onload = () => show(row, url);
    img.onerror = () => URL.revokeObjectURL(url);
    img.src = url;
  }

  // show puts a picture on the tile and wherever its sheet needs it.
  function show(row, src) {
    for (const place of row.querySelectorAll('[data-preview]')) place.replaceChildren(Object.assign(new Image(), { src, alt: '' }));
  }

  function next() {
    while (active < 3 && waiting.length) {
      const row = waiting.shift();
      if (!row.isConnected || state(row) !== 'waiting') continue;
      active += 1;
      send(row).finally(() => { active -= 1; if (!active && !waiting.length) order(); next(); });
    }
    review();
  }

  // convert has the browser make a JPEG of a HEIC, where it can, and tells whether there is a file to send.
  async function convert(row, job) {
    set(row, 'uploading', /*T*/'Converting');
    const made = await import('./heic.js').then(({ toJPEG }) => toJPEG(job.file), () => null);
    if (state(row) === 'removed') return false;
    const why = made ? refusal(made, Number(form.dataset.maxBytes)) : form.dataset.heicHelp;
    if (why) {
      set(row, 'refused', why);
      say(why, true);
    } else job.file = made;
    return !why;
  }

  async function send(row) {
    const job = jobs.get(row);
    if (form.dataset.heic !== 'true' && isHEIC(job.file) && !await convert(row, job)) return undefined;
    const bar = Object.assign(document.createElement('progress'), { max: 100, value: 0 });
    bar.setAttribute('aria-label', /*T*/'Progress');
    set(row, 'uploading', /*T*/'Uploading 0%');
    row.querySelector('.state').after(bar);
    const answer = await upload(form.dataset.upload, job.file, {
      started: (request) => { job.request = request; },
      progress: (percent) => {
        bar.value = percent;
        words(row, percent < 100 ? /*T*/`Uploading ${percent}%` : /*T*/'Preparing');
        if (percent === 100) row.dataset.state = 'preparing';
      },
    });
    bar.remove();
    if (answer.login) return location.assign(answer.login);
    if (answer.id) {
      rename(row, row.dataset.id, String(answer.id));
      job.saved = true;
      if (!row.isConnected) return void drop(row); // it was removed while the answer was under way
      save(row);
    }
    if (state(row) === 'removed') return undefined;
    fill(row, answer);
    return undefined;
  }

  // fill takes over what the server says of a photo.
  function fill(row, answer) {
    const name = row.querySelector('.file').textContent;
    const area = row.querySelector('[data-description]');
    if (answer.description && area && !area.value) area.value = answer.description;
    if (answer.caption && !form.elements.caption.value) form.elements.caption.value = answer.caption;
    if (answer.meta) meta(row, answer.meta);
    if (answer.preview && !row.querySelector('.thumb img')) show(row, answer.preview);
    if (answer.state === 'ready') {
      set(row, 'ready', answer.note ? /*T*/`Ready. ${answer.note}` : /*T*/'Ready');
      say(/*T*/`${name} is ready.`, true);
    } else if (answer.state === 'refused') {
      set(row, 'refused', answer.error || /*T*/'This file cannot be used.');
      say(answer.error || /*T*/`${name} cannot be used.`, true);
    } else if (answer.state === 'interrupted') {
      set(row, 'interrupted', answer.error);
      say(answer.error, true);
    } else {
      set(row, 'preparing', /*T*/'Preparing');
      poll(row);
    }
    if (!active && !waiting.length && rows().some((r) => state(r) === 'ready')) say(/*T*/'The photographs are uploaded.', true);
  }

  function meta(row, text) {
    let line = row.querySelector('[data-meta]');
    if (!line) {
      line = Object.assign(document.createElement('p'), { className: 'cam hint' });
      line.dataset.meta = '';
      row.querySelector('.sheet .buttons').before(line);
    }
    line.textContent = text;
  }

  // poll looks after a photo that is still being prepared.
  function poll(row, wait = 1000) {
    setTimeout(async () => {
      if (!row.isConnected || !['preparing', 'uploading'].includes(state(row))) return;
      try {
        const now = read((await load(`/compose/photos/${row.dataset.id}`, { headers: json })).text);
        if (['ready', 'refused', 'interrupted'].includes(now?.state)) {
          fill(row, now);
          return;
        }
      } catch { /* asked again below */ }
      poll(row, Math.min(wait * 1.5, 10000));
    }, wait);
  }

  const icon = { ready: 'check', refused: 'alert', interrupted: 'retry', removed: 'close' };

  function words(row, text) { row.querySelector('.state span').textContent = text; }

  function set(row, to, text) {
    row.dataset.state = to;
    words(row, text);
    const svg = icons.querySelector(`[data-icon=${icon[to] || 'camera'}] svg`).cloneNode(true);
    row.querySelector('.state svg').replaceWith(svg);
    const acts = row.querySelector('.draft-acts');
    for (const old of acts.querySelectorAll('[data-again],[data-retry],[data-remove]')) old.remove();
    const over = to === 'refused' || to === 'removed';
    for (const el of row.querySelectorAll('.field,.focus,[data-move],.order')) el.hidden = over;
    const thumb = row.querySelector('.thumb');
    if (over) thumb.removeAttribute('href'); else thumb.setAttribute('href', `#${row.querySelector('.sheet').id}`);
    if (to === 'refused' || to === 'interrupted') again(row, /*T*/'Remove', () => remove(row));
    if (to === 'interrupted') again(row, /*T*/'Retry', () => retry(row));
    if (to === 'removed') again(row, /*T*/'Undo', () => undo(row));
    review();
  }

  // retry sends the file again, unless the server has it and only failed to prepare it.
  async function retry(row) {
    if (!known(row)) {
      set(row, 'waiting', /*T*/'Waiting');
      waiting.push(row);
      next();
      return;
    }
    set(row, 'preparing', /*T*/'Preparing');
    try {
      await post(`/compose/photos/${row.dataset.id}/retry`, {});
      poll(row);
    } catch (error) {
      set(row, 'interrupted', error.message);
    }
  }

  function again(row, label, act) {
    const button = Object.assign(document.createElement('button'), { type: 'button', className: 'button plain small', textContent: label });
    button.dataset.again = '';
    button.addEventListener('click', act);
    row.querySelector('.draft-acts').prepend(button);
  }

  // A removal can be undone for a while: only then does the server hear of it.
  const known = (row) => !row.dataset.id.startsWith('new-');
  const attached = (row) => 'attached' in row.dataset; // the server hears of it when the form is saved
  const json = { Accept: 'application/json' };
  const post = (path, fields) => load(path, { method: 'POST', body: new URLSearchParams(fields), keepalive: true, headers: json });

  function remove(row) {
    const job = jobs.get(row) || {};
    jobs.set(row, job);
    job.was = state(row);
    job.words = row.querySelector('.state span').textContent;
    if (job.was !== 'preparing') job.request?.abort(); // else the server has it all, and says what to remove
    row.querySelector('.sheet').close();
    set(row, 'removed', /*T*/'Removed');
    row.querySelector('[data-again]').focus();
    job.timer = setTimeout(() => drop(row), 8000);
  }

  function undo(row) {
    const job = jobs.get(row);
    clearTimeout(job.timer);
    if (['refused', 'interrupted'].includes(job.was)) set(row, job.was, job.words);
    else if (known(row) || job.was === 'preparing') set(row, job.was, job.was === 'ready' ? /*T*/'Ready' : /*T*/'Preparing');
    else { set(row, 'waiting', /*T*/'Waiting'); waiting.push(row); next(); }
    if (state(row) === 'preparing' && known(row)) poll(row);
    row.focus();
  }

  async function drop(row) {
    clearTimeout(jobs.get(row)?.timer);
    if (known(row) && !attached(row)) {
      try { await post(`/compose/photos/${row.dataset.id}/remove`, {}); } catch (error) { if (error.status !== 404) say(error.message); }
    }
    const near = row.contains(document.activeElement) && (row.nextElementSibling || row.previousElementSibling || files);
    row.remove();
    if (near) near.focus();
    review();
  }

  function wire(row) {
    const thumb = row.querySelector('.thumb');
    thumb.draggable = true;
    thumb.addEventListener('dragstart', (event) => {
      row.classList.add('dragging');
      event.dataTransfer.effectAllowed = 'move';
      event.dataTransfer.setData('text/plain', row.id);
    });
    thumb.addEventListener('dragend', () => {
      row.classList.remove('dragging');
      ordered(row);
    });
    row.addEventListener('dragover', (event) => {
      const moved = list.querySelector('.dragging');
      if (!moved || moved === row) return;
      event.preventDefault();
      const box = row.getBoundingClientRect();
      if (event.clientX < box.left + box.width / 2) row.before(moved); else row.after(moved);
    });
    const area = row.querySelector('[data-description]');
    if (area) counter(area);
  }
  for (const row of rows()) {
    const area = row.querySelector('[data-description]');
    area?.parentElement.querySelector('.count')?.remove();
    wire(row);
    if (['preparing', 'uploading'].includes(state(row))) poll(row);
  }

  function ordered(row) {
    review();
    say(/*T*/`Photograph ${rows().indexOf(row) + 1} of ${rows().length}`, true);
    order();
  }

  // order tells the server how the photos stand. It knows them in the order in which they arrived, three at a time.
  function order() {
    const ids = rows().filter(known).map((r) => r.dataset.id);
    if (ids.length > 1 && !edits) post('/compose/order', { order: ids.join(',') }).catch((error) => say(error.message));
  }

  // save keeps what was typed about a photo, in case the page is left.
  function save(row) {
    if (!known(row) || attached(row)) return;
    const [x, y] = (row.querySelector('.focus input:checked')?.value || '0,0').split(',');
    post(`/compose/photos/${row.dataset.id}`, { description: row.querySelector('[data-description]')?.value || '', focus_x: x, focus_y: y }).catch(() => {});
  }

  list.addEventListener('change', (event) => {
    save(event.target.closest('.draft-photo'));
  });
  list.addEventListener('input', review);
  form.querySelector('.each')?.addEventListener('change', review);

  // The sheets are dialogs; without this script, the address shows one.
  function open(sheet) {
    if (!sheet || sheet.open) return;
    sheet.showModal();
    sheet.addEventListener('close', () => sheet.parentElement?.querySelector('.thumb[href]')?.focus({ preventScroll: true }), { once: true });
    if (!matchMedia('(pointer:coarse)').matches) sheet.querySelector('textarea')?.focus();
  }
  const addressed = () => open(document.getElementById(location.hash.slice(1))?.closest('.sheet'));
  addEventListener('hashchange', addressed);
  addressed();
  list.addEventListener('click', (event) => {
    const tile = event.target.closest('[data-sheet]');
    if (tile || event.target.closest('[data-done]')) event.preventDefault();
    if (tile?.hasAttribute('href')) open(tile.parentElement.querySelector('.sheet'));
    else if (event.target.matches('.sheet') || event.target.closest('[data-done]')) event.target.closest('.sheet').close();
  });
  list.addEventListener('click', (event) => {
    const button = event.target.closest('button');
    const row = event.target.closest('.draft-photo');
    if (!button || !row) return;
    if (button.dataset.move) {
      event.preventDefault();
      const by = Number(button.dataset.move);
      if (by < 0) row.previousElementSibling?.before(row); else row.nextElementSibling?.after(row);
      ordered(row);
      (button.disabled ? row : button).focus();
      row.scrollIntoView({ block: 'nearest' });
    } else if ('remove' in button.dataset) {
      event.preventDefault();
      remove(row);
    } else if ('retry' in button.dataset) {
      event.preventDefault();
      retry(row);
    }
  });

  // review brings what depends on all rows up to date.
  function review() {
    const all = rows();
    const live = all.filter((r) => !['refused', 'removed'].includes(state(r)));
    all.forEach((row, i) => {
      const order = row.querySelector('.order input');
      if (order) order.value = i + 1;
      const [earlier, later] = row.querySelectorAll('[data-move]');
      if (earlier) earlier.disabled = i === 0;
      if (later) later.disabled = i === all.length - 1;
      const bare = row.querySelector('[data-undescribed]');
      bare.hidden = !live.includes(row) || !!row.querySelector('[data-description]')?.value.trim();
      row.setAttribute('aria-label', [/*T*/`Photograph ${i + 1}`, row.querySelector('.file').textContent].filter(Boolean).join(', '));
      for (const n of row.querySelectorAll('[data-nth]')) n.textContent = i + 1;
    });
    const ready = live.filter((r) => state(r) === 'ready').length;
    const missing = live.filter((r) => !r.querySelector('[data-description]')?.value.trim()).length;
    line('reminder', reminder(missing, live.length));
    const out = all.filter((r) => state(r) !== 'removed').length - ready;
    const each = form.querySelector('.each');
    const single = !each?.querySelector('[value="on"]').checked;
    const many = !edits && single && live.length > max;
    line('left-out', many ? /*T*/`A post holds up to ${max} photographs. Remove some, or post them one each.` : !ready || !out ? '' : out === 1 ? /*T*/'1 photograph is not ready and will be left out.' : /*T*/`${out} photographs are not ready and will be left out.`);
    publish.disabled = !ready;
    if (files) files.closest('.add').hidden = live.length >= (single ? max : most);
    if (each) each.hidden = live.length < 2;
  }

  function line(id, text) {
    const el = document.getElementById(id);
    if (el.textContent !== text) el.textContent = text;
  }

  function reminder(missing, all) {
    if (!missing) return '';
    if (all === 1) return /*T*/'The photograph has no description. People who cannot see it miss out.';
    return missing === 1 ? /*T*/`1 of ${all} photographs has no description. People who cannot see them miss out.` : /*T*/`${missing} of ${all} photographs have no description. People who cannot see them miss out.`;
  }

  form.addEventListener('submit', async (event) => {
    if (event.submitter?.hasAttribute('formaction')) return;
    if (publish.disabled) {
      event.preventDefault();
      say(/*T*/'Nothing is ready to be posted yet.');
      return;
    }
    const gone = rows().filter((r) => state(r) === 'removed');
    if (gone.length) {
      event.preventDefault();
      await Promise.all(gone.map(drop));
      form.requestSubmit(publish);
      return;
    }
    sending = true;
    form.setAttribute('aria-busy', 'true');
  });
  addEventListener('pageshow', () => { sending = false; });
  addEventListener('beforeunload', (event) => { if (!sending && (active || waiting.length)) event.preventDefault(); });
  addEventListener('pagehide', () => {
    for (const row of rows()) {
      if (state(row) === 'removed' && known(row) && !attached(row)) navigator.sendBeacon(`/compose/photos/${row.dataset.id}/remove`, new URLSearchParams());
    }
  });
  review();
}

