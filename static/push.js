// Turns push on and off in this browser, on the page of settings.
import { load, say } from './dom.js';

const place = document.getElementById('push');
const button = place.querySelector('[data-on]');
const why = place.querySelector('[data-why]');
const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0));

async function subscribe() {
  if (await Notification.requestPermission() !== 'granted') throw new Error(/*T*/'Your browser does not let this site notify you. Allow it in the browser’s settings.');
  await navigator.serviceWorker.register('/sw.js');
  const { pushManager } = await navigator.serviceWorker.ready;
  await (await pushManager.getSubscription())?.unsubscribe(); // another key, or another member
  let made;
  try {
    made = await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytes(place.dataset.key) });
  } catch {
    throw new Error(/*T*/'The push service of your browser does not answer. Try again later.');
  }
  const { endpoint, keys } = made.toJSON();
  try {
    await load('/settings/notifications/push', { method: 'POST', body: new URLSearchParams({ endpoint, ...keys }) });
  } catch (error) {
    await made.unsubscribe();
    throw error;
  }
  location.reload();
}

if (button) {
  const able = 'serviceWorker' in navigator && 'PushManager' in window && 'Notification' in window;
  button.hidden = !able;
  why.hidden = able;
  if (!able) why.textContent = /*T*/'This browser cannot do this here. On an iPhone, add the site to the home screen first.';
  button.addEventListener('click', async () => {
    button.disabled = true;
    await subscribe().catch((error) => say(error.message));
    button.disabled = false;
  });
}

document.querySelector('form[data-off]')?.addEventListener('submit', () => {
  navigator.serviceWorker?.getRegistration().then((r) => r?.pushManager.getSubscription()).then((s) => s?.unsubscribe()).catch(() => {});
});
