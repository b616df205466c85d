// The list of keyboard commands. It comes when it is asked for.

export function help(commands, ways) {
  const box = document.createElement('dialog');
  box.className = 'keys';
  box.setAttribute('aria-labelledby', 'keys-head');
  box.innerHTML = `<h2 id="keys-head">${/*T*/'Keyboard'}</h2><dl></dl><form method="dialog"><button class="button">${/*T*/'Close'}</button></form>`;
  const list = box.querySelector('dl');
  const rows = [...Object.entries(commands), ...Object.entries(ways).map(([k, v]) => ['g ' + k, v])];
  for (const [k, [words]] of rows) {
    const dt = document.createElement('dt');
    dt.append(Object.assign(document.createElement('kbd'), { textContent: k }));
    list.append(dt, Object.assign(document.createElement('dd'), { textContent: words }));
  }
  document.body.append(box);
  const back = document.activeElement;
  box.addEventListener('close', () => { box.remove(); back?.focus(); });
  box.showModal();
}
