#
# Copyright (c) 2026 The asioctx authors
#
# Distributed under the Boost Software License, Version 1.0. (See accompanying
# file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
#

"""What dump() and print_stuck() show, from outside: of a process that hangs, or of
what a core file has kept of it.

    gdb -p PID -batch -ex 'source asioctx.py' -ex asioctx-pstree
    gdb program core -batch -ex 'source asioctx.py' -ex asioctx-stuck

Nothing runs in the process: memory is read, and no more. The library must have
been compiled with -g, for the layout of its own classes. What a program derives
from these is known by the symbols of its tables of virtual functions.
"""

import os
import re
import signal
import time

import gdb

DETAIL = "asioctx::detail::"
NONE = -1
NO_DEADLINE = 2**63 - 1
MOST_OBJECTS = 1000000
MOST_ABOVE = 100000
LONGEST_TEXT = 4096
MOST_THREADS = 256
MOST_FRAMES = 256
LONGEST_STACK = 65536

LOCKED, DONE, MARKING = 1, 2, 4  # scope_base
COUNTED = 2  # scope::tie

PENDING, QUEUED, ON_ITS_WAY, NEVER_HEARD, HEARD, PUT_OFF = range(6)
STATES = ("pending", "queued", "on its way", "never heard", "heard", "put off")

NO_DEBUG_INFORMATION = (
    "no debug information of asioctx here: compile the library with -g (CMake: "
    "RelWithDebInfo), or give GDB its separate debug file, and name the program "
    "if this is a core file")


class Broken(Exception):
    """What is there cannot be what it should be."""


class Unknown(Exception):
    """It is well, but what it is is not known."""


# Memory.


class Memory:
    def __init__(self):
        self.inferior = gdb.selected_inferior()
        order = gdb.execute("show endian", False, True)
        self.order = "big" if "big endian" in order else "little"
        self.word = gdb.lookup_type("void").pointer().sizeof
        self.texts = {}

    def read(self, address, size):
        if address < 4096:
            raise Broken("there is no memory at 0x%x" % address)
        try:
            return self.inferior.read_memory(address, size).tobytes()
        except (gdb.error, OverflowError):
            raise Broken("there is no memory at 0x%x" % address)

    def number(self, address, size, signed=False):
        return int.from_bytes(
            self.read(address, size), self.order, signed=signed)

    def pointer(self, address):
        return self.number(address, self.word)

    def text(self, address):
        """A string that ends with a zero."""
        if address in self.texts:
            return self.texts[address]
        out = b""
        at = address
        while len(out) < LONGEST_TEXT:
            part = self.read(at, 64 - at % 64)
            end = part.find(b"\0")
            if end >= 0:
                out += part[:end]
                break
            out += part
            at += len(part)
        self.texts[address] = text = readable(out)
        return text


def readable(text):
    """Names may be what a client has sent: no control characters."""
    text = text.decode("utf-8", "replace")
    return "".join(
        c if c.isprintable() else "\\x%02x" % ord(c) for c in text)


# Layout, from the debug information.


class Layout:
    """Where the members of a class are, those of its bases among them."""

    def __init__(self, name, what=None):
        self.name = name
        if what is None:
            try:
                what = gdb.lookup_type(name)
            except gdb.error:
                raise gdb.GdbError(NO_DEBUG_INFORMATION)
        self.type = what.strip_typedefs().unqualified()
        if not self.type.fields():
            raise gdb.GdbError(NO_DEBUG_INFORMATION)
        self.found = {}

    def find(self, path):
        """Offset and type: "why.at.line_", or of a base, "<sibling_tag"."""
        if path not in self.found:
            offset, t = 0, self.type
            for part in path.split("."):
                way = search(t, part)
                if way is None:
                    raise gdb.GdbError(
                        "%s has no %s: this script is for another version of "
                        "asioctx" % (self.name, path))
                offset, t = offset + way[0], way[1]
            self.found[path] = offset, t
        return self.found[path]

    def offset(self, path):
        return self.find(path)[0]


def search(t, part):
    if t.code not in (gdb.TYPE_CODE_STRUCT, gdb.TYPE_CODE_UNION):
        return None
    bases = []  # and what has no name
    for f in t.fields():
        if not hasattr(f, "bitpos"):
            continue  # static
        offset = f.bitpos // 8
        if f.is_base_class:
            if part[0] == "<" and re.search(
                    r"list_link<(\w+::)*%s>$" % part[1:], f.type.name or ""):
                return offset, f.type
            bases.append((offset, f.type))
        elif not f.name:
            bases.append((offset, f.type))
        elif f.name == part:
            return offset, f.type.strip_typedefs()
    for offset, base in bases:
        way = search(base.strip_typedefs(), part)
        if way is not None:
            return offset + way[0], way[1]
    return None


class Object:
    """One object of a layout: read once, as a whole."""

    def __init__(self, memory, layout, address):
        self.memory = memory
        self.layout = layout
        self.address = address
        self.bytes = memory.read(address, layout.type.sizeof)

    def __call__(self, path, signed=False):
        """A number, an enumerator, a pointer, or what an atomic holds of those."""
        offset, t = self.layout.find(path)
        return int.from_bytes(self.bytes[offset:offset + t.sizeof],
                              self.memory.order, signed=signed)

    def at(self, path):
        return self.address + self.layout.offset(path)


# Dynamic types, from the symbols.


class Tables:
    def __init__(self, memory):
        self.memory = memory
        self.names = {}
        self.tells = {}

    def symbol(self, address):
        out = gdb.execute("info symbol 0x%x" % address, False, True)
        m = re.match(r"(.*?)(?: \+ (\d+))? in section \S+", out, re.S)
        return m.group(1) if m else ""

    def class_of(self, address):
        """The class that an object was made as; "" without a symbol."""
        table = self.memory.pointer(address)
        if table not in self.names:
            self.memory.read(table, self.memory.word)
            name = self.symbol(table)
            self.names[table] = name[len("vtable for "):] \
                if name.startswith("vtable for ") else ""
        return self.names[table]

    def who_tells(self, address):
        """The class whose tell() a hook has, by its virtual functions."""
        table = self.memory.pointer(address)
        if table not in self.tells:
            teller = None
            for i in range(8):
                try:
                    f = self.memory.pointer(table + i * self.memory.word)
                except Broken:
                    break
                name = self.symbol(f)
                if i == 0:
                    self.memory.read(f, 1)
                    if not name and not self.class_of(address):
                        teller = ""  # no symbols: the program is stripped
                m = re.match(r"(.*)::tell\(", name)
                if m:
                    teller = m.group(1)
                    break
            self.tells[table] = teller
        return self.tells[table]


# Time.


class Clock:
    """What time it is: for a core file, that of the newest event in it."""

    def __init__(self):
        self.lives = is_live()
        self.newest = None
        if self.lives:
            coarse = getattr(time, "CLOCK_MONOTONIC_COARSE", 6)
            try:
                self.coarse = time.clock_gettime_ns(coarse) >> 24
            except (AttributeError, OSError):
                self.coarse = time.monotonic_ns() >> 24
            self.precise = time.monotonic_ns()

    def saw(self, then):
        """An event, by the clock of the system."""
        if self.newest is None or 0 < (then - self.newest) % 2**32 < 2**31:
            self.newest = then

    def now(self):
        if self.lives:
            return self.coarse
        return self.newest or 0

    def now_precisely(self):
        if self.lives:
            return self.precise
        return (self.newest or 0) << 24


def is_live():
    connection = getattr(gdb.selected_inferior(), "connection", None)
    if connection is not None:
        return connection.type == "native"
    files = gdb.execute("info files", False, True)
    return "core dump file" not in files and "emote" not in files


# The tree.


class Ending:
    error = "canceled"
    cause = None  # a text, if it says more than the error
    place = None
    ended_at = 0
    inherited = False
    ago = None


class Context:
    def __init__(self, parent):
        self.what = ""
        self.name = ""
        self.key = ""
        self.value = ""
        self.place = None
        self.deadline = None
        self.left = None
        self.end = None
        self.parent = parent
        self.depth = 0
        self.operations = []
        self.children = []
        self.remarks = []


class Operation:
    def __init__(self):
        self.name = "operation"
        self.place = None
        self.since = 0
        self.age = 0
        self.state = PENDING
        self.asked = None
        self.end = None  # of the scope
        self.context = None


class Reader:
    """Reads the trees of a process."""

    def __init__(self):
        self.memory = Memory()
        self.tables = Tables(self.memory)
        self.clock = Clock()
        self.node = Layout(DETAIL + "node")
        self.scope = Layout(DETAIL + "scope")
        self.lists = Layout(DETAIL + "scope_base")
        self.root = Layout(DETAIL + "root")
        self.hook = Layout(DETAIL + "hook")
        self.bound_op = Layout(DETAIL + "bound_op")
        self.others = {}
        self.objects = 0
        self.look_at_walks()

    def other(self, name):
        if name not in self.others:
            self.others[name] = Layout(name)
        return self.others[name]

    def roots(self):
        result = []
        symbols = all_symbols(DETAIL + "(anonymous namespace)::all_roots")
        if not symbols:
            raise gdb.GdbError(NO_DEBUG_INFORMATION)
        for s in symbols:
            address = int(s.value().address)
            ring = Layout("the list of roots", s.type).offset("roots.first_")
            links, trouble = self.ring(address + ring, self.root, "all_roots_tag")
            for r in links:
                result.append(r)
            if trouble:
                gdb.write("! the list of roots: %s\n" % trouble)
        return result

    def look_at_walks(self):
        """What threads that are canceling have in hand: it is in no list.

        By their frames: the scopes that are below each scope, and what is to be
        said of those where a walk began."""
        self.in_hand, self.walks = {}, {}
        thread = gdb.selected_thread()
        frame = None
        try:
            frame = gdb.selected_frame()
        except gdb.error:
            pass
        try:
            for t in list(self.memory.inferior.threads())[:MOST_THREADS]:
                try:
                    t.switch()
                    self.look_at_frames(t)
                except (gdb.error, RuntimeError):
                    pass  # it cannot be unwound
        finally:
            if thread:
                thread.switch()
            if frame and frame.is_valid():
                frame.select()

    def look_at_frames(self, thread):
        f = gdb.newest_frame()
        for _ in range(MOST_FRAMES):
            if f is None:
                return
            if f.name() == DETAIL + "scope::cancel_below":
                try:
                    self.look_at_walk(f, thread)
                except (Broken, gdb.error, ValueError):
                    pass  # a variable that the compiler has left out
            f = f.older()

    def look_at_walk(self, frame, thread):
        self.walks[int(frame.read_var("this"))] = (
            "thread %d (%s) is in cancel() of this" % (
                thread.num, "LWP %d" % thread.ptid[1] if thread.ptid[1]
                else "unknown"))
        found = self.on_stack(frame)
        off, link = self.scope.find("<sibling_tag")
        to_next = Layout("list_link", link).offset("next_")
        try:
            reached = frame.read_var("reached")
            end = int(reached["end_"].address)
            at = first = self.memory.pointer(end + to_next)
            while at != end:
                self.count()
                found.append(at - off)
                at = self.memory.pointer(at + to_next)
                if at == first:
                    break
        except (Broken, gdb.error, ValueError, TypeError):
            pass  # the compiler has left it out
        for address in found:
            # What is above it may be known in no other way.
            for _ in range(MOST_ABOVE):
                address = self.add_in_hand(address)
                if not address:
                    break

    def on_stack(self, frame):
        """What looks like a scope that is in no list, where its callees have put
        it."""
        newest, older = gdb.newest_frame(), frame.older()
        low = int(newest.read_register("sp"))
        high = int((older or frame).read_register("sp"))
        word = self.memory.word
        low = max(low, high - LONGEST_STACK)
        if low >= high:
            return []
        data = self.memory.read(low, high - low)
        values = [int.from_bytes(data[i:i + word], self.memory.order)
                  for i in range(0, len(data) - word + 1, word)]
        return [v for v in dict.fromkeys(values) if self.is_in_hand(v)]

    def is_in_hand(self, address):
        if address % self.memory.word or address < 4096:
            return False
        try:
            nearest = self.node.offset("nearest_scope")
            if self.memory.pointer(address + nearest) != address:
                return False
            s = Object(self.memory, self.scope, address)
            return (s("parent") != 0
                    and s("to_parent") == COUNTED and 0 < s("refs") < 2**31
                    and s("kind") <= 4 and s("home") != address
                    and (s("state") & DONE or s("kind") == 3)
                    and self.tables.class_of(address) != "")
        except Broken:
            return False

    def add_in_hand(self, address):
        """Returns the scope above if that is to be looked at, too."""
        if not self.is_in_hand(address):
            return 0
        parent = self.memory.pointer(address + self.node.offset("parent"))
        above = self.memory.pointer(
            parent + self.node.offset("nearest_scope"))
        below = self.in_hand.setdefault(above, [])
        if address in below:
            return 0
        below.append(address)
        return above

    def count(self):
        self.objects += 1
        if self.objects > MOST_OBJECTS:
            raise Broken("there are more than %s objects"
                         % number(MOST_OBJECTS))

    def ring(self, address, layout, tag):
        """The objects of a ring, as far as it is whole, and what is wrong."""
        off = layout.offset("<" + tag)
        link = Layout("list_link", layout.find("<" + tag)[1])
        to_next, to_prev = link.offset("next_"), link.offset("prev_")
        result = []
        try:
            first = at = self.memory.pointer(address)
            while at:
                self.count()
                after = self.memory.pointer(at + to_next)
                result.append(at - off)
                if self.memory.pointer(after + to_prev) != at:
                    raise Broken("what comes after item %d does not know it"
                                 % len(result))
                at = after
                if at == first:
                    break
        except Broken as e:
            return result, str(e)
        return result, None

    def now(self, root):
        """The times of a root: coarse, and precise. None if it is the clock's."""
        for _ in range(16):
            if not root:
                return None
            r = Object(self.memory, self.root, root)
            source = r("timer.source_")
            if source == 0:
                return None
            if source == 1:
                t = r("timer.manual_now_", signed=True)
                return (t >> 24) % 2**32, t
            other = r("timer.other_")
            root = other and other - self.root.offset("timer")
        raise Broken("roots take each other's time")

    def place(self, file, line):
        if not line:
            return None
        try:
            return self.memory.text(file), line
        except Broken:
            return "?", line

    def string(self, address, t):
        """A std::string."""
        name = t.strip_typedefs().name or ""
        m = self.memory
        if "::__1::" in name:  # libc++
            n = m.number(address, 1)
            if n & 1:
                n, at = m.pointer(address + m.word), m.pointer(
                    address + 2 * m.word)
            else:
                n, at = n >> 1, address + 1
        else:
            at = m.pointer(address)
            n = m.pointer(address + m.word) if "__cxx11" in name \
                else m.pointer(at - 3 * m.word)
        rest = "..." if n > LONGEST_TEXT else ""
        return readable(m.read(at, min(n, LONGEST_TEXT)) if n else b"") + rest

    def error(self, address, t):
        """A text for an error_code, or None if it is no failure."""
        code = Object(self.memory, Layout("error_code", t), address)
        flags = code("lc_flags_")
        if flags == 1:
            # A std::error_code is in there: its value, its category.
            value = self.memory.number(address, 4, True)
            category = self.memory.pointer(address + self.memory.word)
            if not value:
                return None
        elif flags & 1:
            value = code("d1_.val_", signed=True)
            category = code("d1_.cat_")
        else:
            return None
        return message(self.tables.class_of(category), value)


def all_symbols(name):
    if hasattr(gdb, "lookup_static_symbols"):
        return list(gdb.lookup_static_symbols(name))
    s = gdb.lookup_static_symbol(name)
    return [s] if s else []


ASIOCTX_ERRORS = {1: "Context canceled", 2: "Context deadline exceeded"}
MISC_ERRORS = {
    1: "Already open", 2: "End of file", 3: "Element not found",
    4: "The descriptor does not fit into the select call's fd_set"}


def message(category, value):
    """What a category says of a value: nothing is called to ask it."""
    name = re.sub(r"\(anonymous namespace\)::", "", category)
    if name == "asioctx::error_category_type":
        return ASIOCTX_ERRORS.get(value, "Unknown error of asioctx")
    if name == "asioctx::signal_category_type":
        try:
            return signal.strsignal(value)
        except (AttributeError, ValueError):
            return "Signal %d" % value
    last = name.split("::")[-1]
    if re.search(r"(system|generic)_error_category", last):
        return os.strerror(value)
    if name.startswith("boost::asio::") and last == "misc_category":
        return MISC_ERRORS.get(value, "asio.misc error")
    return "%s:%d" % (name or "error", value)


def seconds(nanoseconds):
    return "%.3gs" % (nanoseconds / 1e9)


class Taker:
    """Takes what snapshot() takes, of one tree."""

    def __init__(self, reader):
        self.r = reader
        self.entries = []
        self.index = {}
        self.scopes = []
        self.times = None

    def take(self, node):
        r = self.r
        scope = 0
        if node:
            scope = Object(r.memory, r.node, node)("nearest_scope")
        if not scope:
            c = Context(NONE)
            c.what = "background"
            self.entries.append(c)
            return self
        s = Object(r.memory, r.scope, scope)
        self.times = r.now(s("home"))
        self.add(scope, NONE)
        i = 0
        while i != len(self.scopes):
            self.read(*self.scopes[i])
            i += 1
        return self

    def saw(self, then):
        if self.times is None:
            self.r.clock.saw(then)

    def entry(self, address, parent):
        self.r.count()
        self.index[address] = len(self.entries)
        c = Context(parent)
        if parent != NONE:
            self.entries[parent].children.append(len(self.entries))
        self.entries.append(c)
        return c

    def add(self, address, parent):
        r = self.r
        s = Object(r.memory, r.scope, address)
        if s("nearest_scope") != address:
            raise Broken("what is at 0x%x is no context" % address)
        name = r.tables.class_of(address)
        c = self.entry(address, parent)
        c.what = self.describe(s, name)
        made = s("made_file"), s("made_line")
        if not made[0]:
            made = s("why.at.file_"), s("why.at.line_")
        c.place = r.place(*made)
        deadline = s("deadline", signed=True)
        if self.kind(s, name) == "grace_scope":
            g = Object(r.memory, r.other(DETAIL + "grace_scope"), address)
            deadline = min(deadline, g("over_at", signed=True))
        if deadline != NO_DEADLINE:
            c.deadline = deadline
        state = s("state")
        if state & DONE:
            c.deadline = None
            c.end = self.ending(s)
        if address in r.walks:
            c.remarks.append(r.walks[address])
        elif state & MARKING:
            c.remarks.append("a thread is in cancel() of this: what that has in "
                             "hand is missing")
        self.scopes.append((s, self.index[address]))

    def ending(self, s):
        e = Ending()
        error = s("why.error")
        e.error = "canceled" if error == 1 else "deadline exceeded"
        offset, t = s.layout.find("why.cause")
        try:
            e.cause = self.r.error(s.address + offset, t)
        except Broken as b:
            e.cause = str(b)
        if e.cause == ASIOCTX_ERRORS.get(error):
            e.cause = None
        e.place = self.r.place(s("why.at.file_"), s("why.at.line_"))
        e.inherited = bool(s("inherited"))
        e.ended_at = s("ended_at")
        if e.ended_at:
            self.saw(e.ended_at)
        return e

    def kind(self, s, name):
        """By its symbol, or else by what it says itself."""
        last = re.sub(r"\(anonymous namespace\)::", "", name).split("::")[-1]
        last = last.rstrip(">")  # keeps_exception<asioctx::detail::scope>
        return last or {1: "permanent", 2: "idle_scope", 3: "grace_scope",
                        4: "clock_scope"}.get(s("kind"), "scope")

    def describe(self, s, name):
        kind = self.kind(s, name)
        if kind in ("root", "permanent") and s("home") == s.address:
            return "background"
        if kind == "grace_scope":
            g = Object(self.r.memory, self.r.other(DETAIL + kind), s.address)
            return "with_grace(%s)" % seconds(g("grace", signed=True))
        if kind == "idle_scope":
            g = Object(self.r.memory, self.r.other(DETAIL + kind), s.address)
            return "with_idle_timeout(%s)" % seconds(
                g("timeout", signed=True))
        if kind == "scope" or kind == "permanent":
            if s("kind") == 1:
                return "without_cancel"
            above = NO_DEADLINE
            if s("parent"):
                parent = Object(self.r.memory, self.r.node, s("parent"))
                if parent("nearest_scope"):
                    p = Object(self.r.memory, self.r.scope,
                               parent("nearest_scope"))
                    above = p("deadline", signed=True)
            return "with_cancel" if s("deadline", signed=True) == above \
                else "with_deadline"
        return {"clock_scope": "with_deadline", "merged_scope": "merge",
                "signal_scope": "with_signals", "peer_scope": "with_peer",
                "stop_scope": "with_stop_token"}.get(kind, kind)

    # As find() of snapshot.cpp: the entry of a node below a scope, or of the
    # nearest above it that has something to show.
    def find(self, node, scope):
        way = []
        at = node
        while at != scope and at not in self.index:
            if len(way) == MOST_ABOVE:
                raise Broken("a context is too far from its root")
            n = Object(self.r.memory, self.r.node, at)
            if not n("parent"):
                raise Broken("a context is not below the one that lists it")
            way.append(at)
            at = n("parent")
        i = self.index[at]
        while way:
            node = way.pop()
            shown = self.tell(node)
            if shown is None:
                self.index[node] = i
                continue
            c = self.entry(node, i)
            c.what, c.name, c.key, c.value = shown
            i = len(self.entries) - 1
        return i

    def tell(self, node):
        r = self.r
        name = r.tables.class_of(node)
        if name == "asioctx::(anonymous namespace)::name_node":
            offset, t = r.other(name).find("name")
            text = r.string(node + offset, t)
            return "with_name(%s)" % text, text, "", ""
        if name == "asioctx::(anonymous namespace)::todo_node":
            return "todo", "", "todo", ""
        prefix = DETAIL + "value_node_of<"
        if name.startswith(prefix):
            # After the base come name and text, then the value, see value.hpp.
            at = node + r.other(DETAIL + "value_node").type.sizeof
            key = r.memory.pointer(at)
            if not r.memory.pointer(at + r.memory.word):
                return None  # not to be shown
            key = r.memory.text(key)
            value = self.value(name[len(prefix):-1].strip(),
                               at + 2 * r.memory.word)
            return "with_value(%s=%s)" % (key, value), "", key, value
        return None

    def value(self, type_name, at):
        """As text_of() makes it of strings and numbers. Else it is not known."""
        try:
            t = gdb.lookup_type(type_name).strip_typedefs().unqualified()
            at += -at % t.alignof
            if re.search(r"basic_string<char,", t.name or ""):
                return self.r.string(at, t)
            v = gdb.Value(at).cast(t.pointer()).dereference()
            if t.code == gdb.TYPE_CODE_BOOL:
                return "true" if v else "false"
            if t.code in (gdb.TYPE_CODE_INT, gdb.TYPE_CODE_CHAR):
                return str(int(v))
            if t.code == gdb.TYPE_CODE_FLT:
                return "%f" % float(v)
        except (Broken, gdb.error):
            pass
        return "?"

    def read(self, s, at):
        r = self.r
        self.read_lists(s.address + r.scope.offset("state")
                        - r.lists.offset("state"), s, at)
        if s("home") == s.address:
            offset, t = r.root.find("shards")
            size = t.target().sizeof
            base = offset_of_base(t.target())
            for i in range(t.sizeof // size):
                self.read_lists(s.address + offset + i * size + base, s, at)

    def read_lists(self, address, s, at):
        """Operations, then contexts."""
        r = self.r
        lists = Object(r.memory, r.lists, address)
        remarks = self.entries[at].remarks

        def trouble(what, text):
            remarks.append("%s: %s; %s" % (
                what, text,
                "a stopped thread is changing the list" if lists("state") & LOCKED
                else "the list is broken"))

        hooks, wrong = r.ring(lists.at("hooks.first_"), r.hook, "scope_tag")
        if wrong:
            trouble("some operations may be missing", wrong)
        for h in hooks:
            try:
                told = self.operation(h)
                if told is None:
                    continue
                o, node = told
                self.saw(o.since)
                o.end = self.entries[at].end
                i = self.find(node, s.address) if node else at
                self.entries[i].operations.append(o)
            except Unknown as e:
                if str(e) not in remarks:
                    remarks.append(str(e))
            except Broken as e:
                trouble("an operation is left out", e)
        children, wrong = r.ring(
            lists.at("children.first_"), r.scope, "sibling_tag")
        if wrong:
            trouble("some contexts may be missing", wrong)
        if address == s.address + r.scope.offset("state") \
                - r.lists.offset("state"):
            children = r.in_hand.get(s.address, []) + children
        for c in children:
            try:
                if c in self.index:
                    continue
                child = Object(r.memory, r.scope, c)
                if child("refs") == 0:
                    continue  # on its way out
                if child("nearest_scope") != c:
                    raise Broken("what is at 0x%x is no context" % c)
                self.add(c, self.find(child("parent"), s.address))
            except Broken as e:
                trouble("a context is left out", e)

    def operation(self, hook):
        """As tell(): the operation, and its context if it says so."""
        r = self.r
        who = r.tables.who_tells(hook)
        o = Operation()
        if who == DETAIL + "bound_op":
            op = Object(r.memory, r.bound_op, hook)
            o.name = r.memory.text(op("name_"))
            o.place = r.place(op("request_.file_"), op("request_.line_"))
            o.since = op("since_")
            if op("has_left_"):
                o.state = PUT_OFF
            elif not op("claimed"):
                o.state = PENDING
            elif not op("context_asked_") or op("idle_"):
                o.state = ON_ITS_WAY
            else:
                o.state = NEVER_HEARD if op("missed_") else HEARD
            return o, op("ctx_.node_")
        if who in (DETAIL + "callback_base", DETAIL + "acquire_op"):
            layout = r.other(DETAIL + "callback_base")
            op = Object(r.memory, layout, hook)
            if not op("name_") or op("state_"):
                return None
            o.name = r.memory.text(op("name_"))
            o.place = r.place(op("at_.file"), op("at_.line"))
            o.since = op("since_")
            if op("posted_"):
                o.state = PUT_OFF
            elif who == DETAIL + "acquire_op":
                o.state = QUEUED
            return o, 0
        if who == DETAIL + "group_task::queued_task":
            shown = Object(r.memory, r.other(who), hook)
            task = Object(
                r.memory, r.other(DETAIL + "group_task"), shown("task"))
            o.name = "task"
            o.place = r.place(task("at.file_"), task("at.line_"))
            o.since = (task("since", signed=True) >> 24) % 2**32
            o.state = QUEUED
            return o, 0
        if who is None or who in (DETAIL + "hook", DETAIL + "node"):
            return None  # nothing to tell
        raise Unknown("there is something here that this script does not know: %s"
                      % (who or "the program has been stripped"))

    def snapshot(self):
        """The contexts, each before those below it, once the time is known."""
        clock = self.r.clock
        now, precise = self.times or (clock.now(), clock.now_precisely())

        def age(then):
            ticks = (now - then) % 2**32
            return (ticks if ticks < 2**31 else 0) << 24

        # Not what the library has made for itself, and has nothing to tell.
        tells = [False] * len(self.entries)
        for i in range(len(self.entries) - 1, -1, -1):
            c = self.entries[i]
            internal = c.parent != NONE and not c.place and c.what in (
                "with_cancel", "with_deadline")
            if c.operations or c.remarks or not internal:
                tells[i] = True
            if tells[i] and c.parent != NONE:
                tells[c.parent] = True

        result = []
        place = {}
        way = [0]
        while way:
            i = way.pop()
            c = self.entries[i]
            place[i] = len(result)
            result.append(c)
            if c.parent != NONE:
                c.parent = place[c.parent]
                c.depth = result[c.parent].depth + 1
            if c.deadline is not None:
                c.left = max(c.deadline - precise, 0)
            if c.end and c.end.ended_at:
                c.end.ago = age(c.end.ended_at)
            for o in c.operations:
                o.age = age(o.since)
                o.context = place[i]
                if o.state >= ON_ITS_WAY and o.end and o.end.ended_at:
                    o.asked = age(o.end.ended_at)
            way.extend(k for k in reversed(c.children) if tells[k])
        return result


def offset_of_base(t):
    for f in t.fields():
        if f.is_base_class:
            return f.bitpos // 8
    return 0


# For people to read, as src/dump.cpp and src/report_stuck.cpp do it.


def show_time(nanoseconds):
    ms = nanoseconds // 1000000
    if ms < 950:
        return "%dms" % ms
    tenths = (ms + 50) // 100
    s = tenths // 10
    if s < 100:
        return "%d.%ds" % (s, tenths % 10)
    if s < 3600:
        return "%dm%02ds" % (s // 60, s % 60)
    return "%dh%02dm" % (s // 3600, s // 60 % 60)


def show_place(place):
    if not place:
        return "?"
    return "%s:%d" % (re.split(r"[/\\]", place[0])[-1], place[1])


def number(n):
    return "{:,}".format(n)


def count(n, what):
    return "%s %s%s" % (number(n), what, "" if n == 1 else "s")


class Paint:
    def __init__(self):
        try:
            styled = gdb.parameter("style enabled")
        except RuntimeError:
            styled = False
        self.on = bool(styled) and os.isatty(1) and "NO_COLOR" not in os.environ

    def state(self, s):
        return self("\33[%dm" % {NEVER_HEARD: 31, ON_ITS_WAY: 35, PUT_OFF: 35,
                                 HEARD: 33, QUEUED: 36}.get(s, 32))

    def __call__(self, code):
        return code if self.on else ""

    @property
    def faint(self):
        return self("\33[2m")

    @property
    def strong(self):
        return self("\33[1m")

    @property
    def plain(self):
        return self("\33[0m")


def operations_of(contexts):
    return [o for c in contexts for o in c.operations]


def kinds_of(contexts):
    """What is the same of all that are alike, with what is below them."""
    kinds = [None] * len(contexts)
    below = [[] for _ in contexts]
    numbers = {}
    for i in range(len(contexts) - 1, -1, -1):
        c = contexts[i]
        k = (c.what, c.place, c.end.error if c.end else None,
             tuple((o.name, o.place, o.state) for o in c.operations),
             tuple(c.remarks), tuple(below[i]))
        kinds[i] = numbers.setdefault(k, len(numbers))
        if c.parent != NONE:
            below[c.parent].append(kinds[i])
    return kinds


def same_deadline(a, b):
    return a.left is not None and b.left is not None \
        and abs(a.left - b.left) < 10**9


def show_end(e):
    out = e.error
    if e.ago is not None:
        out += " %s ago" % show_time(e.ago)
    if e.inherited:
        return out + ", from above"
    if e.place:
        out += ", " + show_place(e.place)
    if e.cause:
        out += ", " + e.cause
    return out


def show_operations(c, indent, color, alike):
    groups = {}
    for o in c.operations:
        groups.setdefault((o.name, o.place, o.state), []).append(o)
    shown = set()
    for o in c.operations:
        k = o.name, o.place, o.state
        if k in shown:
            continue
        group = groups[k]
        folds = len(group) > alike
        out = indent + "- "
        if folds:
            shown.add(k)
            out += number(len(group)) + " x "
        out += "%s%s  %s%s  %s%s%s" % (
            o.name, color.faint, show_place(o.place), color.plain,
            color.state(o.state), STATES[o.state], color.plain)
        if folds:
            out += ", age up to " + show_time(max(g.age for g in group))
        else:
            out += ", age " + show_time(o.age)
        if o.asked is not None:
            out += ", asked %s ago" % show_time(o.asked)
        gdb.write(out + "\n")


def dump(contexts, alike):
    color = Paint()
    operations = operations_of(contexts)
    asked = sum(o.state >= ON_ITS_WAY for o in operations)
    gdb.write("%s, %s" % (count(len(contexts), "context"),
                          count(len(operations), "operation")))
    if asked:
        gdb.write(", %s%s asked and not ended%s"
                  % (color.strong, number(asked), color.plain))
    gdb.write("\n")
    kinds = kinds_of(contexts)
    total, seen = {}, {}
    for i, c in enumerate(contexts):
        k = c.parent, kinds[i]
        total[k] = total.get(k, 0) + 1
    i = 0
    while i < len(contexts):
        c = contexts[i]
        indent = "  " * c.depth
        k = c.parent, kinds[i]
        seen[k] = seen.get(k, 0) + 1
        if seen[k] > alike and total[k] > alike + 1:
            if seen[k] == alike + 1:
                gdb.write("%s%s... %s more like this%s\n" % (
                    indent, color.faint, number(total[k] - alike), color.plain))
            i += 1
            while i < len(contexts) and contexts[i].depth > c.depth:
                i += 1
            continue
        out = indent + (color.strong if c.name else "") + c.what + color.plain
        if c.place:
            out += "%s  %s%s" % (color.faint, show_place(c.place), color.plain)
        if c.left is not None and (
                c.parent == NONE
                or not same_deadline(c, contexts[c.parent])):
            out += "  %s left" % show_time(c.left)
        if c.end:
            out += "  [%s]" % show_end(c.end)
        gdb.write(out + "\n")
        for remark in c.remarks:
            gdb.write("%s  ! %s\n" % (indent, remark))
        show_operations(c, indent + "  ", color, alike)
        i += 1


def path(contexts, i):
    way = []
    at = i
    while at != NONE:
        way.append(contexts[at])
        at = contexts[at].parent
    out = []
    for c in reversed(way):
        if c.name:
            out.append(c.name)
        elif c.key:
            out.append("%s=%s" % (c.key, c.value))
        elif "(" in c.what or c is contexts[i]:
            out.append(c.what)
    left = contexts[i].left
    return " > ".join(out) + (
        "" if left is None else " (%s left)" % show_time(left))


ADVICE = {
    NEVER_HEARD: ": it cannot be canceled; use detach_on_cancel",
    ON_ITS_WAY: ": the executor that it runs on is blocked, or is not run",
    PUT_OFF: ": it has ended; the executor of its handler is blocked, or is not "
             "run",
    HEARD: ", not completed"}


class Row:
    def __init__(self, longest):
        self.n = 0
        self.age = 0
        self.asked = 0
        self.longest = longest


def print_stuck(contexts, most):
    """How many operations are stuck."""
    color = Paint()
    kinds = {}
    stuck = queued = 0
    for o in operations_of(contexts):
        queued += o.state == QUEUED
        if o.state < ON_ITS_WAY:
            continue
        stuck += 1
        place = o.place or ("", 0)
        r = kinds.setdefault((o.name, place, o.state), Row(o))
        asked = o.asked or 0
        if asked > r.asked or (asked == r.asked and o.age > r.longest.age):
            r.longest = o
        r.n += 1
        r.age = max(r.age, o.age)
        r.asked = max(r.asked, asked)
    if not stuck:
        return 0
    rows = [kinds[k] for k in sorted(kinds)]
    rows.sort(key=lambda r: (-r.asked, -r.age))
    out = "%sheld up for %s: %s asked and not ended" % (
        color.strong, show_time(rows[0].asked), count(stuck, "operation"))
    if queued:
        out += ", %s queued" % count(queued, "task")
    graces = [c.left for c in contexts
              if not c.end and c.left is not None
              and c.what.startswith("with_grace") and c.parent != NONE
              and contexts[c.parent].end]
    if graces:
        out += "; hard stop in " + show_time(min(graces))
    gdb.write(out + color.plain + "\n")

    c = contexts[rows[0].longest.context]
    while c.end and c.end.inherited and c.parent != NONE \
            and contexts[c.parent].end:
        c = contexts[c.parent]
    if c.end:
        out = c.end.error
        if c.end.ago is not None:
            out += " %s ago" % show_time(c.end.ago)
        if c.end.place:
            out += ", " + show_place(c.end.place)
        if c.end.cause:
            out += ", " + c.end.cause
        gdb.write(out + "\n")

    cells = [("age", "asked", "n", "operation", "bound at")]
    for r in rows[:most]:
        cells.append((show_time(r.age), show_time(r.asked), number(r.n),
                      r.longest.name, show_place(r.longest.place)))
    width = [max(len(row[i]) for row in cells) for i in range(5)]
    for i, row in enumerate(cells):
        out = "  " + (color.faint if i == 0 else "")
        for text, w in zip(row, width):
            out += text.ljust(w + 2)
        if i == 0:
            gdb.write(out + "state" + color.plain + "\n")
            continue
        o = rows[i - 1].longest
        gdb.write("%s%s%s%s%s\n" % (out, color.state(o.state), STATES[o.state],
                                    color.plain, ADVICE[o.state]))
        gdb.write("%s%sbelow %s%s\n" % (
            " " * (8 + sum(width[:3])), color.faint,
            path(contexts, o.context), color.plain))
    if len(rows) > most:
        gdb.write("  ... %s more rows\n" % number(len(rows) - most))
    return stuck


# The commands.


class NoCalls:
    """While it lasts, GDB calls no function of the process, and shows names."""

    wanted = (("may-call-functions", "off"), ("print demangle", "on"))

    def __enter__(self):
        self.before = []
        for name, value in self.wanted:
            try:
                old = gdb.parameter(name)
                gdb.execute("set %s %s" % (name, value), False, True)
                self.before.append((name, old))
            except (RuntimeError, gdb.error):
                pass  # an older GDB
        return self

    def __exit__(self, *_):
        for name, old in self.before:
            gdb.execute("set %s %s" % (name, "on" if old else "off"), False,
                        True)


def node_of(reader, expression):
    """The node of a context, or the root of an execution context."""
    v = gdb.parse_and_eval(expression)
    for _ in range(8):
        code = v.type.strip_typedefs().code
        if code in (gdb.TYPE_CODE_REF, gdb.TYPE_CODE_RVALUE_REF):
            v = v.referenced_value()
        elif code == gdb.TYPE_CODE_PTR:
            v = v.dereference()
        else:
            break
    t = v.type.strip_typedefs().unqualified()
    if t.name == "asioctx::cancelable":
        v, t = v["ctx"], gdb.lookup_type("asioctx::context")
    if t.name == "asioctx::context":
        return int(v["node_"]["node_"])
    if t.name == DETAIL + "node_ptr":
        return int(v["node_"])
    if v.address is None:
        raise gdb.GdbError("%s is not in memory" % expression)
    address = int(v.address)
    if (t.name or "").startswith(DETAIL) and search(t, "nearest_scope"):
        return address + search(t, "nearest_scope")[0] \
            - reader.node.offset("nearest_scope")
    for r in reader.roots():
        context = Object(reader.memory, reader.root, r)("context")
        if address <= context < address + t.sizeof:
            return r
    raise gdb.GdbError(
        "%s is neither an asioctx::context nor an execution context that has a "
        "root: its type is %s" % (expression, t))


def take(expression):
    """What to show: a heading, or none, and contexts, for each tree."""
    if gdb.selected_inferior().pid == 0:
        raise gdb.GdbError("there is no process, and no core file")
    reader = Reader()
    takers = []
    if expression:
        node = node_of(reader, expression)
        if not reader.clock.lives:
            for r in reader.roots():  # for the newest event
                attempt(reader, r)
        takers.append(("", attempt(reader, node)))
    else:
        roots = reader.roots()
        for r in roots:
            heading = ""
            if len(roots) != 1:
                context = Object(reader.memory, reader.root, r)("context")
                heading = "execution context at 0x%x" % context if context \
                    else "an execution context that is gone"
            takers.append((heading, attempt(reader, r)))
    if not reader.clock.lives:
        gdb.write("(ages as of the newest event that the core file has kept)\n")
    return [(heading, t.snapshot()) for heading, t in takers]


def attempt(reader, node):
    try:
        return Taker(reader).take(node)
    except Broken as e:
        raise gdb.GdbError("the tree cannot be read: %s" % e)


def parse(argument, option):
    words = argument.split(None, 1)
    if words and words[0] == option:
        return True, words[1] if len(words) > 1 else ""
    return False, argument.strip()


class PstreeCommand(gdb.Command):
    """Show contexts and the operations that are bound to them, as dump() does.
Usage: asioctx-pstree [-all] [EXPRESSION]

EXPRESSION is an asioctx::context, or an execution context such as an io_context.
Without one, the trees of all execution contexts are shown. With -all, what is
alike is shown one by one. Nothing runs in the process."""

    def __init__(self):
        super().__init__("asioctx-pstree", gdb.COMMAND_STACK,
                         gdb.COMPLETE_EXPRESSION)

    def invoke(self, argument, from_tty):
        shows_all, expression = parse(argument, "-all")
        with NoCalls():
            trees = take(expression)
        if not trees:
            gdb.write("there is no context below an execution context\n")
        for heading, contexts in trees:
            if heading:
                gdb.write("%s: " % heading)
            dump(contexts, MOST_OBJECTS if shows_all else 3)


class StuckCommand(gdb.Command):
    """Show operations that were asked to stop and have not ended, as print_stuck()
does.
Usage: asioctx-stuck [-all] [EXPRESSION]

EXPRESSION is an asioctx::context, or an execution context such as an io_context.
Without one, those of all execution contexts are shown. With -all, there may be more
than 20 rows. Nothing runs in the process."""

    def __init__(self):
        super().__init__("asioctx-stuck", gdb.COMMAND_STACK,
                         gdb.COMPLETE_EXPRESSION)

    def invoke(self, argument, from_tty):
        shows_all, expression = parse(argument, "-all")
        with NoCalls():
            trees = take(expression)
        stuck = 0
        for heading, contexts in trees:
            if heading and any(o.state >= ON_ITS_WAY
                               for o in operations_of(contexts)):
                gdb.write("%s: " % heading)
            stuck += print_stuck(contexts, MOST_OBJECTS if shows_all else 20)
        if not stuck:
            gdb.write("nothing was asked to stop and has not ended\n")


PstreeCommand()
StuckCommand()
