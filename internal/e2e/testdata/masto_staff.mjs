// masto.js as a moderator and a member use it: node masto_staff.mjs LIBRARY ADDRESS PHOTO STAFF MEMBER REPORTED. STAFF and MEMBER are tokens,
// of an administrator whom the member follows, and of that member; REPORTED is the name of somebody else, whose account
// is deleted at the end. One announcement stands.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';

const [library, url, photo, staffToken, memberToken, reported] = process.argv.slice(2);
const { createRestAPIClient, createStreamingAPIClient } = await import(library);
const staff = createRestAPIClient({ url, accessToken: staffToken });
const member = createRestAPIClient({ url, accessToken: memberToken });
const ids = (list) => list.map((one) => one.id);
const forbidden = (error) => error.statusCode === 403;
const missing = (error) => error.statusCode === 404;

// soon waits for what others see a moment later: replicas follow.
async function soon(what, right) {
  for (const end = Date.now() + 60000; !await right();) assert.ok(Date.now() < end, `never: ${what}`);
}

// Announcements.
let said;
await soon('the announcement is there', async () => ([said] = await member.v1.announcements.list()) && said);
assert.ok(said.content.includes('Walk') && said.read === false);
const reactions = async () => (await member.v1.announcements.list({ withDismissed: true })).find((one) => one.id === said.id).reactions;
const announcement = member.v1.announcements.$select(said.id);
await announcement.reactions.$select('👍').update();
assert.deepEqual(await reactions(), [{ name: '👍', count: 1, me: true }]);
await announcement.reactions.$select('👍').remove();
assert.deepEqual(await reactions(), []);
await announcement.dismiss();
assert.ok(!ids(await member.v1.announcements.list()).includes(said.id));

// Every stream of the WebSocket. Nothing tells when one has begun: it is posted again until all were told.
const me = await staff.v1.accounts.verifyCredentials();
const { id: memberID, acct } = await member.v1.accounts.verifyCredentials();
const list = await member.v1.lists.create({ title: 'Staff' });
assert.equal((await member.v1.lists.$select(list.id).fetch()).title, 'Staff');
await member.v1.lists.$select(list.id).accounts.create({ accountIds: [me.id] });
const streaming = createStreamingAPIClient({ streamingApiUrl: url.replace('http', 'ws'), accessToken: memberToken });
const subscriptions = {
  user: streaming.user.subscribe(), notification: streaming.user.notification.subscribe(),
  public: streaming.public.subscribe(), local: streaming.public.local.subscribe(), media: streaming.public.media.subscribe(),
  hashtag: streaming.hashtag.subscribe({ tag: 'staffhill' }), localHashtag: streaming.hashtag.local.subscribe({ tag: 'staffhill' }),
  list: streaming.list.subscribe({ list: list.id }),
};
const told = {};
for (const [name, subscription] of Object.entries(subscriptions)) {
  (async () => {
    for await (const event of subscription) {
      const status = event.event === 'notification' ? event.payload.status : event.payload;
      if (status.account?.id === me.id) told[name] = event.event;
    }
  })();
}
streaming.direct.subscribe(); // there are no direct posts
const all = () => Object.keys(told).length === Object.keys(subscriptions).length;
let post;
await soon('all streams tell of a post', async () => {
  const media = await staff.v2.media.create({ file: new Blob([await readFile(photo)]) });
  post = await staff.v1.statuses.create({ status: `For @${acct} #staffhill`, mediaIds: [media.id] });
  for (const end = Date.now() + 10000; !all() && Date.now() < end;) await new Promise((resolve) => setTimeout(resolve, 50));
  return all();
}).catch((error) => { throw new Error(`told: ${JSON.stringify(told)}`, { cause: error }); });
assert.equal(told.notification, 'notification');
for (const subscription of Object.values(subscriptions)) subscription.unsubscribe();
streaming.close();

// A photo that is not posted after all.
const unwanted = await member.v1.media.create({ file: new Blob([await readFile(photo)]) });
await member.v1.media.$select(unwanted.id).remove();
await assert.rejects(member.v1.media.$select(unwanted.id).fetch(), missing);

// A report, and what is done about it.
const them = await member.v1.accounts.lookup({ acct: reported });
const filed = await member.v1.reports.create({ accountId: them.id, comment: 'Sells things', category: 'spam' });
const { accounts, reports } = staff.v1.admin;
await assert.rejects(async () => member.v1.admin.reports.list(), forbidden);
await soon('the report is there', async () => ids(await reports.list()).includes(filed.id));
const report = reports.$select(filed.id);
assert.deepEqual(await report.fetch().then((one) => [one.account.id, one.targetAccount.id, one.assignedAccount]), [memberID, them.id, null]);
assert.equal((await report.assignToSelf()).assignedAccount.id, me.id);
assert.equal((await report.unassign()).assignedAccount, null);
assert.equal((await report.update({ category: 'other' })).category, 'other');
assert.equal((await report.resolve()).actionTaken, true);
assert.ok(ids(await reports.list({ resolved: true })).includes(filed.id));
assert.equal((await report.reopen()).actionTaken, false);

const account = accounts.$select(them.id);
assert.equal((await account.fetch()).username, reported);
assert.deepEqual(ids(await accounts.list({ username: reported })), [them.id]);
assert.deepEqual(ids(await staff.v2.admin.accounts.list({ username: reported, status: 'active' })), [them.id]);
for (const nothing of ['enable', 'unsensitive']) assert.equal((await account[nothing]()).id, them.id);
for (const wait of ['approve', 'reject']) await assert.rejects(account[wait](), forbidden); // they do not wait to be let in
await account.action.create({ type: 'silence', text: 'Please do not sell things' });
assert.equal((await account.fetch()).silenced, true);
assert.equal((await account.unsilence()).silenced, false);
await account.action.create({ type: 'suspend' });
assert.equal((await account.unsuspend()).suspended, false);
await account.action.create({ type: 'suspend', reportId: filed.id });
assert.equal((await report.fetch()).actionTaken, true);
assert.equal((await account.remove()).suspended, true);
await assert.rejects(account.fetch(), missing);

await staff.v1.statuses.$select(post.id).remove();
await member.v1.lists.$select(list.id).remove();
console.log('done');
