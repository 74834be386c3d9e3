"""The workspace of Harbor & Pine: people, channels, and the messages in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

TEAM, TEAM_NAME, DOMAIN = "T0HARBOR", "Harbor & Pine", "harborpine"
APP, BOT, BOT_USER = "A0SPEND", "B0SPEND", "U0BOT"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody, with what Slack's user object says of them.

    `role` is member, guest, single (a guest of one channel), external (of another organization, here by a shared
    channel), deactivated, or bot.
    """

    id: str
    name: str
    email: str
    title: str
    color: str
    role: str = "member"

    @property
    def initials(self) -> str:
        return "".join(part[0] for part in self.name.split()[:2]).upper()

    @property
    def handle(self) -> str:
        return self.email.partition("@")[0]

    @property
    def dm(self) -> str:
        """The channel of this person's direct messages with the app."""
        return f"D{self.id[1:]}"


@dataclass(slots=True)
class Channel:
    """`kind` is channel (public), private, im or shared (public, with another company)."""

    id: str
    name: str
    kind: str
    members: set[str]
    archived: bool = False

    @property
    def scope(self) -> str:
        """The scope that reading about this channel needs."""
        return {"private": "groups:read", "im": "im:read"}.get(self.kind, "channels:read")

    @property
    def conversation_type(self) -> str:
        return {"private": "private_channel", "im": "im"}.get(self.kind, "public_channel")


@dataclass(slots=True)
class Post:
    """One message as Slack's JSON, with what Slack keeps beside it.

    `only_for` is the one person who sees an ephemeral message. `picked` is what each person chose in its menus and
    inputs without anything being sent: user → block_id → action_id → value.
    """

    body: dict[str, Any]
    only_for: str | None = None
    picked: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)

    @property
    def ts(self) -> str:
        return str(self.body["ts"])

    @property
    def thread(self) -> str | None:
        """The parent's ts of a reply; a parent is in no thread."""
        parent = self.body.get("thread_ts")
        return parent if parent != self.body["ts"] else None


def _people() -> list[Person]:
    return [
        Person("U0DANA", "Dana Whitfield", "dana@harborpine.example", "Controller", "#2d6a4f"),
        Person("U0LEE", "Lee Okafor", "lee@harborpine.example", "Accountant", "#9c4a1a"),
        Person("U0SAM", "Sam Castellano", "sam@harborpine.example", "Sage Intacct administrator", "#3a5a98"),
        Person("U0MARIA", "Maria Ortiz", "maria@harborpine.example", "Cardholder", "#8a3b6b"),
    ]


def escaped(text: str) -> str:
    """As Slack sends what people typed in commands and messages ("Formatting message text"): three characters, no more."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


class Workspace:
    """People, channels and messages. Times come from the clock; ts are unique and rising."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._last_ts = 0
        self._count = 0
        self.people = {person.id: person for person in _people()}
        everyone = set(self.people)
        self.channels = {
            channel.id: channel
            for channel in (
                Channel("C0FINANCE", "finance-cards", "private", {"U0DANA", "U0LEE", "U0SAM", BOT_USER}),
                Channel("C0GENERAL", "general", "channel", set(everyone)),
                Channel("C0SHARED", "with-bank", "shared", {"U0DANA", "U0LEE"}),
                *(Channel(person.dm, person.name, "im", {person.id, BOT_USER}) for person in self.people.values()),
            )
        }
        self.posts: dict[str, list[Post]] = {channel: [] for channel in self.channels}
        self.read: dict[tuple[str, str], str] = {}
        """(user, channel) → ts of the last message seen."""

    def now(self) -> float:
        """Seconds since 1970 on the simulator's clock."""
        return self._clock().timestamp()

    def next_ts(self) -> str:
        micros = max(round(self.now() * 1_000_000), self._last_ts + 1)
        self._last_ts = micros
        return f"{micros // 1_000_000}.{micros % 1_000_000:06d}"

    def new_id(self, prefix: str) -> str:
        """An id that looks like Slack's and occurs once."""
        self._count += 1
        return f"{prefix}0{self._count:06X}"

    def join(self, person: Person, *channels: str) -> None:
        """Somebody who was not here from the start, with direct messages of their own."""
        self.people[person.id] = person
        self.channels[person.dm] = Channel(person.dm, person.name, "im", {person.id, BOT_USER})
        self.posts[person.dm] = []
        for channel in channels:
            self.channels[channel].members.add(person.id)

    def channel(self, name: str) -> Channel | None:
        """By id, by person's id (their direct messages with the app), or by name with or without `#`."""
        if name in self.channels:
            return self.channels[name]
        if name in self.people:
            return self.channels[self.people[name].dm]
        plain = name.removeprefix("#")
        return next((one for one in self.channels.values() if one.kind != "im" and one.name == plain), None)

    def by_email(self, email: str) -> Person | None:
        return next((person for person in self.people.values() if person.email == email.lower()), None)

    def visible(self, user: str) -> list[Channel]:
        """Channels that this person can open: their own, and the public ones."""
        return [one for one in self.channels.values() if user in one.members or one.kind == "channel"]

    # --- messages -----------------------------------------------------------------------------------------------------

    def post(self, channel: str, body: dict[str, Any], *, only_for: str | None = None) -> Post:
        """Adds a message, giving it its ts and missing block ids."""
        ts = self.next_ts()
        full = {"type": "message", "ts": ts, "team": TEAM, **body}
        full["blocks"] = self.with_block_ids(body.get("blocks") or [])
        if only_for:
            full["ephemeral"] = True
        post = Post(full, only_for)
        self.posts[channel].append(post)
        return post

    def with_block_ids(self, blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Slack makes up the block ids and action ids that the app left out."""
        return [self._named(block) for block in blocks]

    def _named(self, block: dict[str, Any]) -> dict[str, Any]:
        named = {"block_id": self.new_id("b"), **block}
        if "child_blocks" in named:
            named["child_blocks"] = self.with_block_ids(named["child_blocks"])
        for key in ("accessory", "element"):
            if key in named:
                named[key] = self._clickable(named[key])
        if named["type"] == "actions":
            named["elements"] = [self._clickable(element) for element in named["elements"]]
        return named

    def _clickable(self, element: dict[str, Any]) -> dict[str, Any]:
        return element if element["type"] == "image" else {"action_id": self.new_id("a"), **element}

    def find(self, channel: str, ts: str) -> Post | None:
        return next((post for post in self.posts.get(channel, []) if post.ts == ts), None)

    def remove(self, channel: str, post: Post) -> None:
        self.posts[channel].remove(post)

    def forget_ephemeral(self, user: str) -> None:
        """A reload of the client: what only this person saw is gone."""
        for channel, posts in self.posts.items():
            self.posts[channel] = [post for post in posts if post.only_for != user]

    def seen_by(self, user: str, channel: str) -> Iterator[dict[str, Any]]:
        """This person's messages of a channel in Slack's JSON, replies counted, each saying whether a bot wrote it."""
        posts = self.posts[channel]
        replies: dict[str, int] = {}
        for post in posts:
            if post.thread and not post.only_for:
                replies[post.thread] = replies.get(post.thread, 0) + 1
        for post in posts:
            if post.only_for in (None, user):
                count = {"reply_count": replies[post.ts]} if post.ts in replies else {}
                yield {"text": "", **post.body, **count, "bot": "bot_id" in post.body}

    def unread(self, user: str, channel: str) -> int:
        seen = self.read.get((user, channel), "")
        return sum(
            post.ts > seen and post.body.get("user") != user and post.only_for in (None, user)
            for post in self.posts[channel]
        )

    def mark_read(self, user: str, channel: str) -> None:
        if posts := self.posts[channel]:
            self.read[user, channel] = posts[-1].ts


def blocks_in(blocks: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """All blocks, those inside containers included."""
    for block in blocks:
        yield block
        yield from blocks_in(block.get("child_blocks", []))


def elements_in(block: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The interactive elements of one block."""
    if block["type"] == "actions":
        yield from block["elements"]
    for key in ("accessory", "element"):
        if key in block and "action_id" in block[key]:
            yield block[key]
