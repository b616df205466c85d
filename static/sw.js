// The service worker of the installed site: where the network is away, a page says so, and what is pushed is shown. It keeps
// nothing else: what members see is never stored on a device by it.
const kept = 'offline-1';
const page = '/offline';

self.addEventListener('install', (event) => {
  event.waitUntil((async () => {
    const answer = await fetch(page, { credentials: 'omit' });
    if (!answer.ok) throw new Error(answer.status);
    const cache = await caches.open(kept);
    const sheet = (await answer.clone().text()).match(/<link rel="stylesheet" href="([^"]+)"/)[1];
    await cache.add(new Request(sheet, { mode: 'cors', credentials: 'omit' }));
    await cache.put(page, answer);
    await self.skipWaiting();
  })());
});

self.addEventListener('activate', (event) => {
  event.waitUntil((async () => {
    for (const name of await caches.keys()) if (name.startsWith('offline-') && name !== kept) await caches.delete(name);
  })());
});

self.addEventListener('fetch', (event) => {
  const { request } = event;
  if (request.mode === 'navigate' && request.method === 'GET') {
    event.respondWith(fetch(request).catch(() => caches.match(page).then((found) => found || Response.error())));
  } else if (request.destination === 'style') {
    event.respondWith(fetch(request).catch(() => caches.match(request.url).then((found) => found || Response.error())));
  }
});

self.addEventListener('push', (event) => {
  let told;
  try {
    told = event.data.json().notification;
  } catch { /* shown all the same: a browser ends pushes that show nothing */ }
  const { title = location.host, navigate = '/notifications', ...rest } = told || {};
  event.waitUntil(self.registration.showNotification(title, { ...rest, data: navigate }));
});

self.addEventListener('notificationclick', (event) => {
  event.notification.close();
  const to = new URL(event.notification.data, location.origin);
  if (to.origin !== location.origin) return;
  event.waitUntil((async () => {
    const open = (await clients.matchAll({ type: 'window', includeUncontrolled: true })).find((page) => page.url.split('#')[0] === to.href);
    await (open ? open.focus() : clients.openWindow(to.href));
  })());
});

// A browser may give up a subscription for another one.
self.addEventListener('pushsubscriptionchange', (event) => {
  event.waitUntil((async () => {
    const made = event.newSubscription || (event.oldSubscription && await self.registration.pushManager.subscribe(event.oldSubscription.options));
    if (!made) return;
    const { endpoint, keys } = made.toJSON();
    await fetch('/settings/notifications/push', { method: 'POST', body: new URLSearchParams({ endpoint, ...keys }) });
  })());
});
