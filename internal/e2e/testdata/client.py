"""Mastodon.py against a running site that others use as well: python3 client.py ADDRESS PHOTO NAME OTHER. It prints the address where the member allows it, reads the code from
standard input, and then does what a client does, failing where anything is not as the library expects."""
import datetime
import sys

from mastodon import Mastodon, MastodonNotFoundError, MastodonAPIError

address, photo, name, other = sys.argv[1:]
client_id, client_secret = Mastodon.create_app("Mastodon.py", scopes=["read", "write", "follow"], api_base_url=address)
m = Mastodon(client_id=client_id, client_secret=client_secret, api_base_url=address)
print(m.auth_request_url(scopes=["read", "write", "follow"]), flush=True)
m.log_in(code=input(), redirect_uri="urn:ietf:wg:oauth:2.0:oob", scopes=["read", "write", "follow"])

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
assert m.preferences()["posting:default:visibility"] == "public"
for empty in (m.filters, m.lists, m.mutes, m.blocks, m.bookmarks, m.conversations, m.custom_emojis, m.announcements, m.follow_requests):
    assert empty() == [], empty
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
