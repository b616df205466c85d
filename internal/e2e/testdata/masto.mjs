// masto.js against a running site that others use as well: node masto.mjs LIBRARY ADDRESS PHOTO NAME OTHER. It prints the
// address where the member allows it, reads the code from standard input, and then does what a client does, failing where
// anything is not as the library expects. OTHER is a member who has one post.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline/promises';

const [library, url, photo, name, other] = process.argv.slice(2);
const { createRestAPIClient, createOAuthAPIClient } = await import(library);

const scopes = 'read write follow';
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

// What one does with an account.
const them = await v1.accounts.lookup({ acct: other });
const account = v1.accounts.$select(them.id);
assert.equal((await account.follow({ reblogs: false })).showingReblogs, false);
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
await v2.filters.$select(filter.id).remove();
assert.deepEqual(await v2.filters.list(), []);

assert.equal((await v1.tags.$select('mistyhills').follow()).following, true);
assert.deepEqual((await v1.followedTags.list()).map((tag) => tag.name), ['mistyhills']);
assert.equal((await v1.tags.$select('mistyhills').unfollow()).following, false);

const answer = await v1.statuses.create({ status: 'Thanks', inReplyToId: posted[0] });
assert.deepEqual(ids((await one.context.fetch()).descendants), [answer.id]);
assert.deepEqual(ids((await v2.search.list({ q: name, type: 'accounts' })).accounts), [me.id]);
assert.equal((await v1.markers.create({ home: { lastReadId: posted[0] } })).home.lastReadId, posted[0]);
assert.equal((await v1.preferences.fetch())['posting:default:visibility'], 'public');
await assert.rejects(v1.statuses.create({ status: 'no photo' }), /A post needs a photo/);
await one.remove();
await assert.rejects(one.fetch(), (error) => error.statusCode === 404);
await createOAuthAPIClient({ url }).revoke({ clientId, clientSecret, token: accessToken });
await assert.rejects(v1.accounts.verifyCredentials(), (error) => error.statusCode === 401);
console.log('done');
