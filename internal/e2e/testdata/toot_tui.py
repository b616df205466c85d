"""toot's full-screen client on a terminal of its own: python3 toot_tui.py TOOT TEXT ADDRESS TOKEN STATUS. It waits until the screen
shows the text, bookmarks, boosts and likes the post by its keys, waits until the site says so, takes all of it back, and
quits. It fails where the client ends before. An exception that toot shows at its start is its own: it asks for the instance by https,
whatever it logged in by."""
import fcntl
import json
import os
import pty
import select
import struct
import sys
import termios
import time
import urllib.request

toot, text, address, token, status = sys.argv[1:]
deadline = time.monotonic() + 90
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(toot, [toot, "tui"])
fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 140, 0, 0))
screen = b""


def look(seconds):
    """Reads what the client draws for a while. It returns False once the client has ended."""
    global screen
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if select.select([terminal], [], [], 0.05)[0]:
            try:
                drawn = os.read(terminal, 65536)
            except OSError:
                return False
            if not drawn:
                return False
            screen += drawn
    return True


def fail(why):
    raise SystemExit("%s\n%s" % (why, screen.decode(errors="replace")[-4000:]))


def until(what, right):
    while not right():
        if not look(0.1):
            fail("toot ended before " + what)
        if time.monotonic() > deadline:
            fail("never: " + what)


def is_so(mark, wanted):
    ask = urllib.request.Request("%s/api/v1/statuses/%s" % (address, status), headers={"Authorization": "Bearer " + token})
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(ask, timeout=10) as answer:
        return json.load(answer)[mark] is wanted


until("the post is shown", lambda: text.encode() in screen)
for key, mark in (("o", "bookmarked"), ("b", "reblogged"), ("f", "favourited")):
    for wanted in (True, False):
        # Until the client has drawn what it did before, a key does that again: then it is pressed once more.
        while not is_so(mark, wanted):
            os.write(terminal, key.encode())
            patience = time.monotonic() + 10
            until("%s is %s" % (mark, wanted), lambda: is_so(mark, wanted) or time.monotonic() > patience)
os.write(terminal, b"q")
while look(0.2):
    if time.monotonic() > deadline:
        fail("toot does not quit")
code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
if code != 0:
    fail("toot ended with %d" % code)
print("done")
