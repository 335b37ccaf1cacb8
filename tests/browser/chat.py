"""What guests of the example chat do, each with a page, and what they see."""

import json
import time

from devtools import BrowserError

WIDE, PHONE = (1280, 800), (390, 844)

ANN, BOB, CID, EVE = "Ann", "Bob", "Cid", "Eve"
MARKUP = "<img src=/x onerror=alert(1)>"
HISTORY = 50
JOINS = 20

# What a page shows: each text, with its author and whether it is the guest's own.
TEXTS = """[...document.querySelectorAll("#log p")].map(
    p => [p.firstChild.textContent, p.lastChild.textContent, p.className])"""
HERE = """[...document.querySelectorAll("#here b")].map(b => b.textContent)"""

# Says a text in the guest's own way.
SAY = """(text => {
    document.getElementById("text").value = text;
    document.getElementById("say").requestSubmit();
})"""

# Says so many texts, one after the other, in the guest's own way.
SAY_MANY = """(async (first, count, pause) => {
    for (let n = first; n < first + count; n++) {
        document.getElementById("text").value = `number ${n}`;
        document.getElementById("say").requestSubmit();
        await new Promise(resolve => setTimeout(resolve, pause));
    }
})"""

# Joins a room over and over while a socket talks there. Returns what of the numbers is wrong.
JOIN_OFTEN = """(async (room, joins) => {
    const open = name => new WebSocket(`/${room}/${name}`);
    const talker = open("talker");
    let n = 0;
    await new Promise(resolve => talker.onopen = resolve);
    const timer = setInterval(() => { for (let k = 0; k < 10; k++) talker.send(`number ${n++}`); }, 4);
    const wrong = [];
    for (let join = 0; join < joins; join++) {
        const guest = open(`guest ${join}`), numbers = [];
        await new Promise(resolve => guest.onmessage = ({ data }) => {
            if (data.startsWith("text")) numbers.push(Number(data.split(" ")[1]));
            if (numbers.length === 100) resolve();
        });
        guest.close();
        numbers.forEach((number, at) => {
            if (number !== numbers[0] + at) wrong.push(`${number} as number ${at} from ${numbers[0]} on`);
        });
    }
    clearInterval(timer);
    talker.close();
    return wrong;
})"""

# Waits until an expression is as it ought to be, and tells what it is.
WAIT = """(async (found, wanted) => {
    const deadline = performance.now() + 20000;
    while (JSON.stringify(found()) !== wanted && performance.now() < deadline) {
        await new Promise(resolve => setTimeout(resolve, 20));
    }
    return found();
})"""


class Guest:
    """Somebody with a page."""

    def __init__(self, page, name):
        self.page, self.name = page, name

    @classmethod
    def at(cls, house, name, room="lobby"):
        """One who comes by an address, as everybody does who loads the page again."""
        query = f"?name={quoted(name)}&room={quoted(room)}"
        return cls(house.open_page(house.address + query, WIDE), name)

    def sees(self, expression, wanted):
        wanted = json.dumps(json.dumps(wanted, ensure_ascii=False, separators=(",", ":")))
        return self.page.evaluate(f"{WAIT}(() => {expression}, {wanted})")

    def says(self, text):
        # Not by keys: with several pages, the browser may never pass them on to one in the background.
        self.page.evaluate(f"{SAY}({json.dumps(text)})")

    def leave(self):
        self.page.call("Page.close")


def quoted(text):
    return "".join(f"%{byte:02X}" for byte in text.encode())


class House:
    """Where the guests meet: the server's address, and how a page of an address is opened."""

    def __init__(self, address, open_page, screenshot):
        self.address, self.open_page, self.screenshot = address, open_page, screenshot


def check(report, house):
    """Let guests meet."""
    ann = check_form(report, house)
    bob = Guest.at(house, BOB)
    both = [ann, bob]
    for guest in both:
        report.check(f"{guest.name} sees who is here", guest.sees(HERE, [ANN, BOB]), [ANN, BOB])
    said = [(ANN, "Hello, Bob!"), (BOB, "Hello, <b>Ann</b>! \u00fc\u4e16 & so on")]
    for number, author in enumerate(both, 1):
        author.says(said[number - 1][1])
        for guest in both:
            wanted = shown(said[:number], guest)
            report.check(f"{guest.name} sees what {author.name} says", guest.sees(TEXTS, wanted), wanted)
    check_markup(report, house, both, said)
    check_history(report, house, ann)
    check_rooms(report, house, both)
    for guest in both:
        check_quiet(report, guest, house)


def shown(said, guest):
    return [[name, text, "mine" if name == guest.name else ""] for name, text in said]


def check_form(report, house):
    """Come in through the form, as a user does."""
    page = house.open_page(house.address, WIDE)
    page.evaluate("checks.shows('join', 'Join')")
    house.screenshot(page, "chat-join")
    page.type(ANN)
    await_address(page)
    ann = Guest(page, ANN)
    report.check("Ann comes in", ann.sees(HERE, [ANN]), [ANN])
    return ann


def await_address(page):
    """Wait until the form has led to a page of its own. What is asked meanwhile may get lost."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            if page.evaluate("location.search !== '' && document.readyState === 'complete'"):
                return
        except BrowserError:
            pass
        time.sleep(0.02)


def check_markup(report, house, others, said):
    """A name and a text that look like HTML are shown as they are."""
    eve = Guest.at(house, MARKUP)
    here = [ANN, BOB, MARKUP]
    text = "<script>document.title = 'changed'</script><img src=/y onerror=alert(2)>"
    report.check("markup: comes in", eve.sees(HERE, here), here)
    eve.says(text)
    said = [*said, (MARKUP, text)]
    for guest in [*others, eve]:
        wanted = shown(said, guest)
        report.check(f"markup: {guest.name} sees it", guest.sees(TEXTS, wanted), wanted)
        report.check(f"markup: {guest.name} sees the name", guest.sees(HERE, here), here)
        report.check("markup: elements made of it", guest.page.evaluate(
            """document.querySelectorAll("main script, img").length"""), 0)
        report.check("markup: title", guest.page.evaluate("document.title"), "Chat")
    house.screenshot(others[0].page, "chat")
    width, height = PHONE
    others[0].page.call("Emulation.setDeviceMetricsOverride", width=width, height=height,
                        deviceScaleFactor=1, mobile=False)
    house.screenshot(others[0].page, "chat-phone")
    report.check("phone: pixels too wide", others[0].page.evaluate("checks.overflow()"), 0)
    check_quiet(report, eve, house)
    eve.leave()
    for guest in others:
        report.check(f"{guest.name} sees that it is gone", guest.sees(HERE, [ANN, BOB]), [ANN, BOB])


def check_history(report, house, ann):
    """One who comes later sees the last texts, and what follows, each once."""
    ann.page.evaluate(f"{SAY_MANY}(0, 60, 5)")
    cid = Guest.at(house, CID)
    wanted = [[ANN, f"number {n}", ""] for n in range(60 - HISTORY, 60)]
    report.check(f"history: the last {HISTORY}", cid.sees(TEXTS, wanted), wanted)
    # Each text is in the history of one who joins, or comes after it.
    for round in range(5):
        wrong = cid.page.evaluate(f"{JOIN_OFTEN}('busy {round}', {JOINS})")
        report.check(f"history: {JOINS} times no gap, and nothing twice", wrong, [])
    check_quiet(report, cid, house)
    cid.leave()


def check_rooms(report, house, others):
    """Rooms are apart, and one that was empty begins anew."""
    eve = Guest.at(house, EVE, "other/room")
    report.check("other room: who is here", eve.sees(HERE, [EVE]), [EVE])
    eve.says("Anybody here?")
    wanted = [[EVE, "Anybody here?", "mine"]]
    report.check("other room: what was said", eve.sees(TEXTS, wanted), wanted)
    for guest in others:
        report.check(f"other room: not for {guest.name}", guest.sees(HERE, [ANN, BOB]), [ANN, BOB])
    eve.leave()
    # Until she is gone, there is a history.
    for _ in range(100):
        eve = Guest.at(house, EVE, "other/room")
        eve.sees(HERE, [EVE])
        texts = eve.page.evaluate(TEXTS)
        if not texts:
            break
        eve.leave()
    report.check("other room: forgotten", texts, [])
    eve.leave()


def check_quiet(report, guest, house):
    """A page asks for nothing but itself, and has no errors."""
    name = guest.name
    requests = {event["request"]["url"].split("?")[0]
                for event in guest.page.events("Network.requestWillBeSent")}
    report.check(f"{name}: requests", requests, {house.address})
    errors = [event["entry"]["text"] for event in guest.page.events("Log.entryAdded")]
    errors += [event["exceptionDetails"]["text"]
               for event in guest.page.events("Runtime.exceptionThrown")]
    report.check(f"{name}: errors", errors, [])
