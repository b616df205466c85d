"""Mastodon.py against a running site that others use as well: python3 client.py ADDRESS PHOTO NAME OTHER. It prints the address where the member allows it, reads the code from
standard input, and then does what a client does, failing where anything is not as the library expects."""
import datetime
import sys
import time

from mastodon import Mastodon, MastodonNotFoundError, MastodonAPIError, StreamListener

address, photo, name, other = sys.argv[1:]
client_id, client_secret = Mastodon.create_app("Mastodon.py", scopes=["read", "write", "follow", "push"], api_base_url=address)
m = Mastodon(client_id=client_id, client_secret=client_secret, api_base_url=address)
print(m.auth_request_url(scopes=["read", "write", "follow", "push"]), flush=True)
m.log_in(code=input(), redirect_uri="urn:ietf:wg:oauth:2.0:oob", scopes=["read", "write", "follow", "push"])

me = m.account_verify_credentials()
assert me.acct == name and isinstance(me.created_at, datetime.datetime), me
assert m.instance().uri in address
assert m.account_update_credentials(display_name="Hilda", note="Hills", fields=[("web", "x")], avatar=photo).display_name == "Hilda"

posted = []
for i in range(3):
    media = m.media_post(photo, description="a hill", focus=(0.5, -0.5))
    assert media.url and media.meta.original.width > 0 and media.meta.focus.y == -0.5, media
    status = m.status_post("Hill %d #hills" % i, media_ids=[media], visibility="unlisted" if i == 1 else "public", idempotency_key=str(i))
    assert status.media_attachments[0].id == media.id, status
    posted.insert(0, status.id)
assert m.media_update(m.media_post(photo), description="changed").description == "changed"

read, page = [], m.timeline_home(limit=2)
while page:
    read += [s.id for s in page]
    page = m.fetch_next(page)
assert read == posted, (read, posted)
assert [s.id for s in m.timeline_public() if s.account.id == me.id] == [posted[0], posted[2]]
assert len([s for s in m.timeline_hashtag("hills") if s.account.id == me.id]) == 2
assert [s.id for s in m.timeline_home(max_id=datetime.datetime(2000, 1, 1))] == []
assert [s.id for s in m.timeline_home(min_id=posted[2], limit=1)] == [posted[1]]

answer = m.status_reply(m.status(posted[0]), "Thanks")
assert m.status_context(posted[0]).descendants[0].id == answer.id
assert m.status_favourite(posted[0]).favourited and not m.status_unfavourite(posted[0]).favourited
one = posted[0]
for act, undo, mark, marked in (
    (m.status_favourite, m.status_unfavourite, "favourited", m.favourites), (m.status_bookmark, m.status_unbookmark, "bookmarked", m.bookmarks),
    (m.status_reblog, m.status_unreblog, "reblogged", None), (m.status_mute, m.status_unmute, "muted", None),
    (m.status_pin, m.status_unpin, "pinned", lambda: m.account_statuses(me.id, pinned=True)),
):
    act(one)
    assert m.status(one)[mark] is True, mark
    if marked:
        assert [s.id for s in marked()] == [one], mark
    if mark == "reblogged":
        assert [a.id for a in m.status_reblogged_by(one)] == [me.id]
    undo(one)
    assert m.status(one)[mark] is False, mark
    if marked:
        assert marked() == [], mark
them = m.account_lookup(other)
assert m.account_follow(them, reblogs=False).showing_reblogs is False
chosen = m.list_create("Hill people")
m.list_accounts_add(chosen, [them])
assert [a.id for a in m.list_accounts(chosen)] == [them.id]
assert m.list_update(chosen, "Valley people").title == "Valley people"
assert [l.title for l in m.lists()] == ["Valley people"] and m.timeline_list(chosen) == []
m.list_accounts_delete(chosen, [them])
assert m.list_accounts(chosen) == []
m.list_delete(chosen)
assert m.lists() == []
assert m.account_note_set(them, "has the tripod").note == "has the tripod"
assert m.account_mute(them, notifications=False, duration=3600).muting_notifications is False
assert [a.id for a in m.mutes()] == [them.id]
assert m.account_unmute(them).muting is False
assert m.account_block(them).blocking and [a.id for a in m.blocks()] == [them.id]
assert not m.account_unblock(them).blocking
assert m.status_update(posted[0], status="A mountain", spoiler_text="heights").spoiler_text == "heights"
assert m.status_source(posted[0]).text == "A mountain"
assert [was.spoiler_text for was in m.status_history(posted[0])] == ["", "heights"]
assert m.search(name).accounts[0].id == me.id
assert m.account_relationships(me.id)[0].following is False
assert m.notifications() == []
assert m.markers_set(["home"], [posted[0]]).home.last_read_id is not None
assert m.markers_get(["home"]).home.last_read_id is not None
private, keys = m.push_subscription_generate_keys()
pushed = m.push_subscription_set("https://push.invalid/py", keys, favourite_events=True, follow_events=False, policy="followed")
assert pushed.endpoint == "https://push.invalid/py" and pushed.server_key and pushed.policy == "followed", pushed
assert pushed.alerts.favourite is True and pushed.alerts.follow is False, pushed
assert m.push_subscription_update(mention_events=True).alerts.mention is True
assert m.push_subscription().alerts.favourite is False
m.push_subscription_delete()
try:
    m.push_subscription()
    raise SystemExit("a push subscription that ended is still there")
except MastodonNotFoundError:
    pass
report = m.report(them, comment="Sells things", category="spam")
assert report.target_account.id == them.id and report.category == "spam" and report.action_taken is False, report
waiting = time.monotonic() + 60
while me.id not in [a.id for a in m.directory(order="active", local=True, limit=80)]:
    assert time.monotonic() < waiting, "the directory lacks who posted"
assert me.id not in [a.id for a in m.suggestions()]
assert m.account(them).acct == other and [a.id for a in m.account_search(other)] == [them.id]
assert m.account_familiar_followers(them)[0].accounts == []
assert [a.id for a in m.account_following(me)] == [] and [a.id for a in m.account_followers(me)] == []
assert m.media(m.media_post(photo, description="one more")).description == "one more"
assert all(rule.text for rule in m.instance_rules()) and m.instance_peers() == []
assert isinstance(m.instance_activity(), list) and m.stream_healthy()
assert m.instance_nodeinfo().metadata.upstream.name == "mastodon"
assert m.app_verify_credentials().name == "Mastodon.py"
m.notifications_clear()
assert isinstance(m.trending_tags(limit=3), list) and isinstance(m.trending_statuses(), list)
assert m.preferences()["posting:default:visibility"] == "public"
for empty in (m.filters, m.lists, m.mutes, m.blocks, m.bookmarks, m.conversations, m.custom_emojis, m.announcements, m.follow_requests, m.featured_tags,
              m.featured_tag_suggestions, m.endorsements, m.domain_blocks, m.scheduled_statuses, m.trending_links):
    assert empty() == [], empty

# Every stream. Nothing tells when one has begun: it is posted again until all have told of a post.
class Listener(StreamListener):
    told = False

    def on_update(self, status):
        self.told = self.told or status.account.id == me.id


streams = {
    "user": lambda heard: m.stream_user(heard, run_async=True), "public": lambda heard: m.stream_public(heard, run_async=True),
    "local": lambda heard: m.stream_local(heard, run_async=True), "hashtag": lambda heard: m.stream_hashtag("montystream", heard, run_async=True),
    "local hashtag": lambda heard: m.stream_hashtag("montystream", heard, local=True, run_async=True),
}
listeners = {stream: Listener() for stream in streams}
handles = [begin(listeners[stream]) for stream, begin in streams.items()]
silent = [m.stream_direct(Listener(), run_async=True), m.stream_list(m.list_create("Nobody"), Listener(), run_async=True)]
waiting = time.monotonic() + 90
while not all(listener.told for listener in listeners.values()):
    assert time.monotonic() < waiting, {stream: listener.told for stream, listener in listeners.items()}
    again = m.status_post("On every stream #montystream", media_ids=[m.media_post(photo)])
    patience = time.monotonic() + 5
    while time.monotonic() < patience and not all(listener.told for listener in listeners.values()):
        time.sleep(0.05)
    m.status_delete(again)
assert all(handle.is_alive() for handle in handles + silent)
for handle in handles + silent:
    handle.close()

try:
    m.status_post("no photo")
    raise SystemExit("a post without a photo went through")
except MastodonAPIError as e:
    assert "A post needs a photo" in str(e), e
m.status_delete(posted[0])
try:
    m.status(posted[0])
    raise SystemExit("a deleted post is still there")
except MastodonNotFoundError:
    pass
m.revoke_access_token()
print("done")
