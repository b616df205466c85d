// masto.js against a running site that others use as well: node masto.mjs LIBRARY ADDRESS PHOTO NAME OTHER. It prints the
// address where the member allows it, reads the code from standard input, and then does what a client does, failing where
// anything is not as the library expects. OTHER is a member who follows NAME.
import assert from 'node:assert/strict';
import { createECDH, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline/promises';

const [library, url, photo, name, other] = process.argv.slice(2);
const { createRestAPIClient, createOAuthAPIClient } = await import(library);

const scopes = 'read write follow push';
const redirectUri = 'urn:ietf:wg:oauth:2.0:oob';
const app = await createRestAPIClient({ url }).v1.apps.create({ clientName: 'masto.js', redirectUris: redirectUri, scopes });
console.log(`${url}/oauth/authorize?${new URLSearchParams({ response_type: 'code', client_id: app.clientId, redirect_uri: redirectUri, scope: scopes })}`);
const lines = createInterface({ input: process.stdin });
const code = (await lines[Symbol.asyncIterator]().next()).value;
lines.close();
const { clientId, clientSecret } = app;
const token = await createOAuthAPIClient({ url }).token.create({ grantType: 'authorization_code', clientId, clientSecret, redirectUri, code, scope: scopes });
const accessToken = token.accessToken;
const oauth = createOAuthAPIClient({ url, accessToken });
const { v1, v2 } = createRestAPIClient({ url, accessToken });
const ids = (list) => list.map((one) => one.id);

assert.equal((await v2.instance.fetch()).configuration.urls.streaming, url.replace('http', 'ws'));
const me = await v1.accounts.verifyCredentials();
assert.equal(me.acct, name);
assert.equal((await oauth.userinfo.fetch()).preferredUsername, name);
assert.equal((await v1.accounts.updateCredentials({ displayName: 'Misty', fieldsAttributes: [{ name: 'web', value: 'x' }] })).displayName, 'Misty');

const posted = [];
for (let i = 0; i < 3; i++) {
  const media = await v2.media.create({ file: new Blob([await readFile(photo)]), description: 'a hill', focus: '0.5,-0.5' });
  assert.ok(media.url && media.meta.original.width > 0);
  assert.equal(media.meta.focus.y, -0.5);
  const status = await v1.statuses.create({ status: `Hill ${i} #mistyhills`, mediaIds: [media.id], visibility: 'public' });
  assert.equal(status.mediaAttachments[0].id, media.id);
  posted.unshift(status.id);
}
const read = [];
for await (const page of v1.accounts.$select(me.id).statuses.list({ limit: 2 })) read.push(...ids(page));
assert.deepEqual(read, posted);

// soon waits for what others see a moment later: replicas follow.
async function soon(what, right) {
  for (const end = Date.now() + 60000; !await right();) assert.ok(Date.now() < end, `never: ${what}`);
}
const missing = (error) => error.statusCode === 404;

// What one does with a post, and takes back.
const one = v1.statuses.$select(posted[0]);
for (const [act, undo, mark] of [['favourite', 'unfavourite', 'favourited'], ['reblog', 'unreblog', 'reblogged'], ['bookmark', 'unbookmark', 'bookmarked'], ['mute', 'unmute', 'muted'], ['pin', 'unpin', 'pinned']]) {
  const done = await one[act]();
  assert.equal((done.reblog ?? done)[mark], true, act);
  assert.equal((await one.fetch())[mark], true, act);
  if (act === 'favourite') assert.deepEqual(ids(await v1.favourites.list()), [posted[0]]);
  if (act === 'favourite') assert.deepEqual(ids(await one.favouritedBy.list()), [me.id]);
  if (act === 'bookmark') assert.deepEqual(ids(await v1.bookmarks.list()), [posted[0]]);
  if (act === 'pin') assert.deepEqual(ids(await v1.accounts.$select(me.id).statuses.list({ pinned: true })), [posted[0]]);
  if (act === 'reblog') assert.deepEqual(ids(await one.rebloggedBy.list()), [me.id]);
  const undone = await one[undo]();
  assert.equal((undone.reblog ?? undone)[mark], false, undo);
}
assert.deepEqual(await v1.bookmarks.list(), []);
assert.deepEqual(await v1.favourites.list(), []);

// An edit, and what it was before.
assert.equal((await one.update({ status: 'A mountain', spoilerText: 'heights' })).spoilerText, 'heights');
assert.equal((await one.source.fetch()).text, 'A mountain');
assert.deepEqual((await one.history.list()).map((was) => was.spoilerText), ['', 'heights']);

const [shown] = (await one.fetch()).mediaAttachments;
const described = await one.update({ status: 'A mountain', spoilerText: 'heights', mediaIds: [shown.id], mediaAttributes: [{ id: shown.id, description: 'a mountain', focus: '0.25,0' }] });
assert.deepEqual(described.mediaAttachments.map((photo) => [photo.id, photo.description, photo.meta.focus.x]), [[shown.id, 'a mountain', 0.25]]);
assert.deepEqual(ids(await v1.statuses.fetch({ id: posted })).sort(), [...posted].sort());
assert.deepEqual(Object.keys(await one.card.fetch()), []);

// What one does with an account.
const them = await v1.accounts.lookup({ acct: other });
const account = v1.accounts.$select(them.id);
// The site had OTHER follow this member before.
await soon('the follow is notified', async () => (await v1.notifications.unreadCount.fetch()).count === 1);
await soon('the follower is listed', async () => ids(await v1.accounts.$select(me.id).followers.list()).includes(them.id));
const [followed] = await v1.notifications.list({ types: ['follow'] });
assert.equal((await v1.notifications.$select(followed.id).fetch()).account.id, them.id);
assert.deepEqual(await v1.notifications.list({ excludeTypes: ['follow'] }), []);
await v1.notifications.$select(followed.id).dismiss();
await assert.rejects(v1.notifications.$select(followed.id).fetch(), missing);
await account.removeFromFollowers();
assert.deepEqual(await v1.accounts.$select(me.id).followers.list(), []);
assert.deepEqual(ids(await v1.accounts.$select(me.id).following.list()), []);
const bell = await account.follow({ reblogs: false, notify: true });
assert.deepEqual([bell.showingReblogs, bell.notifying], [false, true]);
assert.equal((await account.unfollow()).following, false);
await account.follow(); // whom a list is to have is followed
const list = await v1.lists.create({ title: 'Hill people', exclusive: true });
assert.equal(list.exclusive, true);
const chosen = v1.lists.$select(list.id);
await chosen.accounts.create({ accountIds: [them.id] });
assert.deepEqual(ids(await chosen.accounts.list()), [them.id]);
assert.deepEqual(ids(await account.lists.list()), [list.id]);
assert.equal((await chosen.update({ title: 'Valley people' })).title, 'Valley people');
assert.deepEqual((await v1.lists.list()).map((one) => one.title), ['Valley people']);
assert.deepEqual(await v1.timelines.list.$select(list.id).list(), []);
await chosen.accounts.remove({ accountIds: [them.id] });
assert.deepEqual(await chosen.accounts.list(), []);
await chosen.remove();
assert.deepEqual(await v1.lists.list(), []);
assert.equal((await account.note.create({ comment: 'has the tripod' })).note, 'has the tripod');
assert.equal((await account.mute({ notifications: false, duration: 3600 })).mutingNotifications, false);
const [muted] = await v1.mutes.list();
assert.equal(muted.id, them.id);
assert.ok(muted.muteExpiresAt);
assert.equal((await account.unmute()).muting, false);
assert.equal((await account.block()).blocking, true);
assert.deepEqual(ids(await v1.blocks.list()), [them.id]);
assert.equal((await account.unblock()).blocking, false);
const [relation] = await v1.accounts.relationships.fetch({ id: [them.id] });
assert.equal(relation.note, 'has the tripod');
assert.equal(relation.following, false, 'a block ends the follow');

const filter = await v2.filters.create({ title: 'Fog', context: ['home', 'public'], filterAction: 'warn', keywordsAttributes: [{ keyword: 'hill 1', wholeWord: true }] });
assert.deepEqual((await v2.filters.list()).map((one) => one.title), ['Fog']);
assert.deepEqual((await v2.filters.$select(filter.id).keywords.list()).map((one) => one.keyword), ['hill 1']);
assert.equal((await v2.filters.$select(filter.id).update({ title: 'Mist' })).title, 'Mist');
assert.deepEqual((await v1.statuses.$select(posted[1]).fetch()).filtered, [], 'own posts are not filtered');
const words = v2.filters.$select(filter.id);
const word = await words.keywords.create({ keyword: 'valley', wholeWord: false });
assert.equal((await v2.filters.keywords.$select(word.id).update({ keyword: 'dale', wholeWord: true })).keyword, 'dale');
assert.equal((await v2.filters.keywords.$select(word.id).fetch()).wholeWord, true);
await v2.filters.keywords.$select(word.id).remove();
assert.deepEqual((await words.fetch()).keywords.map((each) => each.keyword), ['hill 1']);
const hidden = await words.statuses.create({ statusId: posted[2] });
assert.equal((await v2.filters.statuses.$select(hidden.id).fetch()).statusId, posted[2]);
assert.deepEqual((await words.statuses.list()).map((each) => each.statusId), [posted[2]]);
await v2.filters.statuses.$select(hidden.id).remove();
assert.deepEqual(await words.statuses.list(), []);
await words.remove();
assert.deepEqual(await v2.filters.list(), []);

assert.equal((await v1.tags.$select('mistyhills').fetch()).name, 'mistyhills');
assert.equal((await v1.tags.$select('mistyhills').follow()).following, true);
assert.deepEqual((await v1.followedTags.list()).map((tag) => tag.name), ['mistyhills']);
assert.equal((await v1.tags.$select('mistyhills').unfollow()).following, false);

const answer = await v1.statuses.create({ status: 'Thanks', inReplyToId: posted[0] });
assert.deepEqual(ids((await one.context.fetch()).descendants), [answer.id]);
assert.deepEqual(ids((await v2.search.list({ q: name, type: 'accounts' })).accounts), [me.id]);
assert.equal((await v1.markers.create({ home: { lastReadId: posted[0] } })).home.lastReadId, posted[0]);
assert.equal((await v1.preferences.fetch())['posting:default:visibility'], 'public');
assert.equal((await v1.markers.fetch({ timeline: ['home'] })).home.lastReadId, posted[0]);

// What a client is told while it is closed.
const ecdh = createECDH('prime256v1');
const keys = { p256dh: ecdh.generateKeys('base64url'), auth: randomBytes(16).toString('base64url') };
const push = v1.push.subscription;
await assert.rejects(push.fetch(), missing);
const subscribed = await push.create({ subscription: { endpoint: 'https://push.invalid/masto', keys }, data: { alerts: { favourite: true, follow: false } }, policy: 'followed' });
assert.deepEqual([subscribed.endpoint, subscribed.alerts.favourite, subscribed.alerts.follow, subscribed.policy], ['https://push.invalid/masto', true, false, 'followed']);
assert.ok(subscribed.serverKey);
assert.deepEqual(await push.fetch(), subscribed);
const changed = await push.update({ data: { alerts: { mention: true } } });
assert.deepEqual([changed.alerts.mention, changed.alerts.favourite], [true, false]);
assert.deepEqual(await push.fetch(), changed);
await push.remove();
await assert.rejects(push.fetch(), missing);
await assert.rejects(push.create({ subscription: { endpoint: 'http://push.invalid/masto', keys }, data: { alerts: {} }, policy: 'all' }), (error) => error.statusCode === 422);

// Who there is, and what is said to whoever looks after the site.
assert.deepEqual(ids(await v1.accounts.fetch({ id: [me.id, them.id] })).sort(), [me.id, them.id].sort());
assert.equal((await account.fetch()).acct, other);
assert.deepEqual(ids(await v1.accounts.search.list({ q: other })), [them.id]);
await soon('the directory has who posted', async () => ids(await v1.directory.list({ order: 'active', local: true, limit: 80 })).includes(me.id));
assert.ok(!ids(await v1.directory.list({ order: 'new', offset: 2000 })).includes(me.id));
const suggested = await v2.suggestions.list({ limit: 80 });
assert.ok(suggested.every((one) => one.source && one.account.id !== me.id), 'nobody is suggested to follow themselves');
assert.deepEqual((await v1.accounts.familiarFollowers.fetch({ id: [them.id] })).map((one) => [one.id, one.accounts]), [[them.id, []]]);
const report = await v1.reports.create({ accountId: them.id, comment: 'Sells things', category: 'spam' });
assert.deepEqual([report.targetAccount.id, report.comment, report.category, report.actionTaken], [them.id, 'Sells things', 'spam', false]);
await assert.rejects(v1.reports.create({ accountId: '1', comment: 'Nobody' }), missing);

// What is always empty here, and the lists of what is popular, which a job fills.
for (const list of [v1.featuredTags, account.featuredTags, account.identityProofs, v1.endorsements, account.endorsements, v1.domainBlocks, v1.scheduledStatuses, v1.conversations, v1.instance.peers, v1.trends.links]) {
  assert.deepEqual(await list.list(), []);
}
assert.deepEqual(await v1.instance.domainBlocks.fetch(), []);
for (const list of [v1.instance.activity, v1.trends.tags, v1.trends.statuses]) assert.ok(Array.isArray(await list.list({ limit: 5 })));
assert.equal((await v1.apps.verifyCredentials()).name, 'masto.js');
assert.deepEqual(ids(await v1.timelines.home.list({ limit: 40 })).filter((id) => posted.includes(id)), posted);
assert.deepEqual(ids(await v1.timelines.tag.$select('mistyhills').list({ all: ['nowhere'] })), []);
assert.ok((await v1.timelines.public.list({ local: true, onlyMedia: true, limit: 40 })).every((one) => one.mediaAttachments.length > 0));

// Somebody signs up in the client.
const asApp = await createOAuthAPIClient({ url }).token.create({ grantType: 'client_credentials', clientId, clientSecret, redirectUri, scope: scopes });
const joined = await createRestAPIClient({ url, accessToken: asApp.accessToken }).v1.accounts.create({ username: `${name}2`, email: `${name}2@example.org`, password: 'correct horse battery', agreement: true, locale: 'en' });
assert.equal((await createRestAPIClient({ url, accessToken: joined.accessToken }).v1.accounts.verifyCredentials()).acct, `${name}2`);

await assert.rejects(v1.statuses.create({ status: 'no photo' }), /A post needs a photo/);
await one.remove();
await assert.rejects(one.fetch(), missing);
await createOAuthAPIClient({ url }).revoke({ clientId, clientSecret, token: accessToken });
await assert.rejects(v1.accounts.verifyCredentials(), (error) => error.statusCode === 401);
console.log('done');
