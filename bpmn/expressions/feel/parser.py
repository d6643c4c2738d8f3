"""Tokens of FEEL to a tree (DMN 1.5, 10.3.1.2): recursive descent, with a limit on the nesting."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from collections.abc import Iterator as Iterating
from contextlib import contextmanager
from typing import TypeVar

from bpmn.expressions.api import CompileError
from bpmn.expressions.feel import tree
from bpmn.expressions.feel.lexer import END, NAME, NUMBER, OPERATOR, STRING, Token, tokens
from bpmn.expressions.feel.literals import number, temporal_value
from bpmn.expressions.feel.names import Names, normalised, parts_of
from bpmn.expressions.feel.types import ANY, BUILT_IN, ContextOf, FunctionOf, ListOf, RangeOf, Type
from bpmn.expressions.limits import MAX_NESTING, check_text

KEYWORDS = frozenset(
    {"if", "then", "else", "for", "in", "return", "some", "every", "satisfies", "and", "or", "between", "instance",
     "of", "function", "external", "true", "false", "null"}
)  # fmt: skip
_RESERVED = KEYWORDS - {"of", "external", "true", "false", "null"}
_FOLLOWING = KEYWORDS - {"if", "for", "some", "every", "function", "true", "false", "null"}
_CONSTANTS = {"true": True, "false": False, "null": None}
_COMPARISONS = ("=", "!=", "<", "<=", ">", ">=")
_NAME_SYMBOLS = frozenset("+-*/'’.")
_BUILT_IN_TYPES = tuple(
    sorted(((parts_of(name), kind) for name, kind in BUILT_IN.items()), key=lambda each: -len(each[0]))
)

T = TypeVar("T")


class Parser:
    """Parses one text.

    `known` are the names that the text may use, spaces and operators included, `members` those that may stand behind a
    dot, `types` those of the model, `asked` the names of the value that an input entry asks about. `depth` bounds
    nesting. With `strict`, a wrong `@` literal is refused; else it is null.
    """

    def __init__(
        self,
        text: str,
        *,
        known: Collection[str] = (),
        members: Names | None = None,
        builtins: Names,
        types: Mapping[str, Type] | None = None,
        depth: int = MAX_NESTING,
        strict: bool = False,
        asked: Collection[str] = ("?",),
    ) -> None:
        check_text(text, "FEEL")
        self._text = text
        self._tokens = tokens(text)
        self._next = 0
        self._nesting = 0
        self._depth = depth
        self._strict = strict
        self._asked = frozenset(asked)
        self._builtins = builtins
        self._types = sorted(
            ((parts_of(name), kind) for name, kind in (types or {}).items()), key=lambda each: -len(each[0])
        )
        self._names = Names(known, builtins)
        self._members = Names((), members)
        self._bound: list[set[str]] = [set(known)]
        self._asks = False
        self._plain_end = False
        self._ready: tree.Node | None = None

    # Entrances

    def expression(self) -> tree.Node:
        """The whole text as one expression."""
        node = self._expression()
        self._expect_end()
        return node

    def unary_tests(self) -> tree.UnaryTests:
        """The whole text as an input entry: `-`, `not(...)`, or tests of which one must hold."""
        if self._is("-") and self._tokens[self._next + 1].kind == END:
            return tree.UnaryTests(())
        if self._kind == NAME and self._text_of == "not" and self._tokens[self._next + 1].text == "(":
            negated = self._attempt(self._negated_tests)
            if negated is not None:
                return negated
        tests = self._positive_tests()
        self._expect_end()
        return tree.UnaryTests(tests)

    def _negated_tests(self) -> tree.UnaryTests:
        self._next += 2
        tests = self._positive_tests()
        self._expect(")")
        self._expect_end()
        return tree.UnaryTests(tests, negated=True)

    def _positive_tests(self) -> tuple[tree.Test, ...]:
        tests = [self._positive_test()]
        while self._is(","):
            self._take()
            tests.append(self._positive_test())
        return tuple(tests)

    def _positive_test(self) -> tree.Test:
        if self._is(*_COMPARISONS):
            operator = self._take()
            return tree.Test(operator, self._operators(3))
        asked, self._asks = self._asks, False
        value = self._expression()
        asks, self._asks = self._asks, asked or self._asks
        return tree.Test("", value, asks)

    # Tokens

    @property
    def _token(self) -> Token:
        return self._tokens[self._next]

    @property
    def _kind(self) -> str:
        return self._tokens[self._next].kind

    @property
    def _text_of(self) -> str:
        return self._tokens[self._next].text

    def _is(self, *texts: str) -> bool:
        token = self._tokens[self._next]
        return token.text in texts and (token.kind == OPERATOR or (token.kind == NAME and not self._quoted(token)))

    def _quoted(self, token: Token) -> bool:
        return self._text[token.start] == "`"

    def _take(self) -> str:
        self._next += 1
        return self._tokens[self._next - 1].text

    def _expect(self, *texts: str) -> str:
        if not self._is(*texts):
            raise self._unexpected(" or ".join(f"'{text}'" for text in texts))
        return self._take()

    def _expect_end(self) -> None:
        if self._kind != END:
            raise self._unexpected("the end")

    def _unexpected(self, expected: str) -> CompileError:
        found = "the end" if self._kind == END else f"'{self._text_of[:40]}'"
        hint = ""
        before = self._tokens[self._next - 1] if self._next else None
        if self._kind == NAME and before is not None and before.kind == NAME:
            hint = f"A name with spaces stands between backticks: `{before.text} {self._text_of}`."
        return CompileError(f"Expected {expected}, but found {found} in FEEL.", hint=hint)

    def _attempt(self, rule: Callable[[], T]) -> T | None:
        """What the rule finds; None, and nothing taken, where it does not apply."""
        at, nesting, asks = self._next, self._nesting, self._asks
        try:
            return rule()
        except CompileError:
            self._next, self._nesting, self._asks = at, nesting, asks
            return None

    @contextmanager
    def _binding(self, *names: str) -> Iterating[None]:
        """Within it the names are known."""
        outer = self._names
        self._names = Names(names, outer)
        self._bound.append(set(names))
        try:
            yield
        finally:
            self._names = outer
            self._bound.pop()

    def _bind(self, name: str) -> None:
        """Make a name known in the innermost binding."""
        self._names.add(name)
        self._bound[-1].add(name)

    # Expressions

    def _expression(self) -> tree.Node:
        self._nesting += 1
        if self._nesting > self._depth:
            raise CompileError(f"Expected an expression nested at most {self._depth} deep, but it is deeper.")
        node = self._textual()
        self._nesting -= 1
        return node

    def _textual(self) -> tree.Node:
        if self._kind == NAME and not self._known_here():
            if self._is("if"):
                return self._conditional()
            if self._is("for"):
                return self._for()
            if self._is("some", "every"):
                return self._quantified()
            if self._is("function") and self._tokens[self._next + 1].text == "(":
                return self._function()
        return self._operators(0)

    def _known_here(self) -> bool:
        """Whether a declared name begins here, so that a keyword is only its first part."""
        match = self._names.match(self._tokens, self._next)
        return match is not None and match[1] > 1

    def _conditional(self) -> tree.Node:
        branches = []
        while True:
            self._expect("if")
            condition = self._expression()
            self._expect("then")
            branches.append((condition, self._expression()))
            self._expect("else")
            if not self._is("if"):
                return tree.Conditional(tuple(branches), self._expression())

    def _for(self) -> tree.Node:
        self._expect("for")
        with self._binding("partial"):
            iterators = self._iterators()
            self._expect("return")
            return tree.For(iterators, self._expression())

    def _quantified(self) -> tree.Node:
        every = self._expect("some", "every") == "every"
        with self._binding():
            iterators = self._iterators()
            self._expect("satisfies")
            return tree.Quantified(every, iterators, self._expression())

    def _iterators(self) -> tuple[tree.Iterator, ...]:
        iterators = []
        while True:
            name = self._new_name("in")
            self._expect("in")
            source = self._expression()
            end = None
            if self._is(".."):
                self._take()
                end = self._expression()
            self._bind(name)
            iterators.append(tree.Iterator(name, source, end))
            if not self._is(","):
                return tuple(iterators)
            self._take()

    def _function(self) -> tree.Node:
        self._expect("function")
        self._expect("(")
        parameters: list[tuple[str, Type]] = []
        while not self._is(")"):
            if parameters:
                self._expect(",")
            name = self._new_name(":", ",", ")")
            kind: Type = ANY
            if self._is(":"):
                self._take()
                kind = self._type()
            parameters.append((name, kind))
        self._take()
        if self._is("external"):
            raise CompileError(
                "Expected a function written in FEEL, but it is external (Java or PMML).",
                code="EXPRESSION_UNSUPPORTED",
                hint="Write the function in FEEL, or let a service task with a connector compute it.",
            )
        with self._binding(*(name for name, _ in parameters)):
            return tree.Function(tuple(parameters), self._expression())

    # Operators, by level: or, and, comparison, sum, product, power

    def _operators(self, level: int) -> tree.Node:
        if level == 2:
            return self._comparison()
        if level == len(_LEVELS):
            return self._negation()
        first = self._operators(level + 1)
        rest: list[tuple[str, tree.Node]] = []
        while self._is(*_LEVELS[level]):
            operator = self._take()
            rest.append((operator, self._operators(level + 1)))
        return tree.Chain(first, tuple(rest)) if rest else first

    def _comparison(self) -> tree.Node:
        node = self._operators(3)
        while True:
            if self._is(*_COMPARISONS):
                operator = self._take()
                node = tree.Chain(node, ((operator, self._operators(3)),))
            elif self._is("between"):
                self._take()
                low = self._operators(3)
                self._expect("and")
                node = tree.Between(node, low, self._operators(3))
            elif self._is("in"):
                self._take()
                node = tree.In(node, self._tests_behind_in())
            else:
                return node

    def _tests_behind_in(self) -> tuple[tree.Test, ...]:
        if not self._is("("):
            if self._is(*_COMPARISONS):
                operator = self._take()
                return (tree.Test(operator, self._operators(3)),)
            return (tree.Test("", self._operators(3)),)
        self._deeper()
        self._take()
        with self._filters():
            tests = self._positive_tests()
        if len(tests) == 1 and not tests[0].operator:
            # One value in parentheses: what follows may go on with it.
            if self._is(".."):
                self._ready = self._range_from(tests[0].value, included=False)
            else:
                self._expect(")")
                self._ready = tests[0].value
            tests = (tree.Test("", self._operators(3)),)
        else:
            self._expect(")")
        self._nesting -= 1
        return tests

    def _deeper(self) -> None:
        self._nesting += 1
        if self._nesting > self._depth:
            raise CompileError(f"Expected an expression nested at most {self._depth} deep, but it is deeper.")

    def _negation(self) -> tree.Node:
        negative = False
        while self._is("-"):
            self._take()
            negative = not negative
        node = self._instance()
        if not negative:
            return node
        return tree.Negation(node)

    def _instance(self) -> tree.Node:
        node = self._path()
        while self._is("instance") and self._tokens[self._next + 1].text == "of":
            self._next += 2
            node = tree.InstanceOf(node, self._type())
        return node

    def _path(self) -> tree.Node:
        base = self._primary()
        steps: list[tree.Node] = []
        while True:
            if self._is("."):
                self._take()
                steps.append(tree.Member(self._member()))
            elif self._is("[") and not (self._plain_end and self._closes()):
                self._take()
                with self._binding("item"), self._filters():
                    steps.append(tree.Filter(self._expression()))
                self._expect("]")
            elif self._is("("):
                steps.append(self._call())
            else:
                return tree.Path(base, tuple(steps)) if steps else base

    @contextmanager
    def _filters(self, plain_end: bool = False) -> Iterating[None]:
        """Whether `[` behind a value ends a range (`[1..10[`) or begins a filter."""
        before, self._plain_end = self._plain_end, plain_end
        try:
            yield
        finally:
            self._plain_end = before

    def _closes(self) -> bool:
        """Whether `[` is the end of a range (`[1..10[`): then no value follows it."""
        following = self._tokens[self._next + 1]
        if following.kind == NAME:
            return following.text in _FOLLOWING
        return following.kind == END or (following.kind == OPERATOR and following.text not in ("(", "[", "{", "-", "@"))

    def _member(self) -> str:
        match = self._members.match(self._tokens, self._next)
        if match is None:
            match = self._names.match(self._tokens, self._next)
        if match is not None and self._kind == NAME:
            self._next += match[1]
            return match[0]
        if self._kind != NAME:
            raise self._unexpected("a name")
        return self._take()

    def _call(self) -> tree.Node:
        self._expect("(")
        names: list[str] = []
        arguments: list[tree.Node] = []
        with self._filters():
            while not self._is(")"):
                if arguments:
                    self._expect(",")
                name = self._argument_name()
                if arguments and (name is None) != (not names):
                    raise self._unexpected("all arguments with names or none")
                if name is not None:
                    names.append(name)
                arguments.append(self._expression())
        self._take()
        return tree.Call(tuple(arguments), tuple(names))

    def _argument_name(self) -> str | None:
        if self._kind != NAME:
            return None
        at = self._next
        while self._tokens[at].kind == NAME or self._tokens[at].text in _NAME_SYMBOLS:
            at += 1
        if self._tokens[at].text != ":" or self._tokens[at].kind != OPERATOR:
            return None
        name = self._slice(self._next, at)
        self._next = at + 1
        return name

    # Primaries

    def _primary(self) -> tree.Node:
        if self._ready is not None:
            ready, self._ready = self._ready, None
            return ready
        kind = self._kind
        if kind == NUMBER:
            return tree.Literal(number(self._take()))
        if kind == STRING:
            return tree.Literal(self._take())
        if self._is("@"):
            self._take()
            if self._kind != STRING:
                raise self._unexpected("a date, time or duration in quotes")
            text = self._take()
            value = temporal_value(text)
            if value is None and self._strict:
                raise CompileError(f"Expected a date, time or duration behind '@', but found {text[:40]!r}.")
            return tree.Literal(value)
        if self._is("("):
            return self._parentheses()
        if self._is("["):
            return self._brackets()
        if self._is("]"):
            self._take()
            with self._filters():
                start = self._expression()
            return self._range_from(start, included=False)
        if self._is("{"):
            return self._context()
        if kind == NAME:
            return self._name()
        raise self._unexpected("a value")

    def _parentheses(self) -> tree.Node:
        self._take()
        with self._filters():
            if self._is(*_COMPARISONS):
                operator = self._take()
                endpoint = self._operators(3)
                self._expect(")")
                return _endpoint_range(operator, endpoint)
            inner = self._expression()
        if self._is(".."):
            return self._range_from(inner, included=False)
        self._expect(")")
        return inner

    def _brackets(self) -> tree.Node:
        self._take()
        items: list[tree.Node] = []
        with self._filters():
            while not self._is("]"):
                if items:
                    self._expect(",")
                if self._is(*_COMPARISONS):
                    operator = self._take()
                    items.append(_endpoint_range(operator, self._operators(3)))
                    continue
                items.append(self._expression())
                if len(items) == 1 and self._is(".."):
                    return self._range_from(items[0], included=True)
        self._take()
        return tree.Items(tuple(items))

    def _range_from(self, start: tree.Node, *, included: bool) -> tree.Node:
        self._expect("..")
        with self._filters(plain_end=True):
            end = self._expression()
        return tree.RangeLiteral(start, end, included, self._expect("]", ")", "[") == "]")

    def _context(self) -> tree.Node:
        self._expect("{")
        entries: list[tuple[str, tree.Node]] = []
        with self._binding(), self._filters():
            while not self._is("}"):
                if entries:
                    self._expect(",")
                if self._kind == STRING:
                    key = self._take()
                else:
                    key = self._new_name(":")
                self._expect(":")
                if key and self._is("function"):
                    self._bind(key)  # it may call itself
                entries.append((key, self._expression()))
                if key:
                    self._bind(key)
                    self._members.add(key)
        self._take()
        return tree.Entries(tuple(entries))

    def _name(self) -> tree.Node:
        token = self._token
        if self._quoted(token):
            self._next += 1
            return tree.Name(token.text, self._is_bound(token.text))
        match = self._names.match(self._tokens, self._next)
        if match is not None and (match[1] > 1 or match[0] not in KEYWORDS):
            self._next += match[1]
            self._asks = self._asks or match[0] in self._asked
            return tree.Name(match[0], self._is_bound(match[0]))
        if token.text in _CONSTANTS:
            self._next += 1
            return tree.Literal(_CONSTANTS[token.text])
        if token.text in _RESERVED:
            raise self._unexpected("a value")
        self._next += 1
        self._asks = self._asks or token.text in self._asked
        return tree.Name(token.text)

    def _is_bound(self, name: str) -> bool:
        return any(name in names for names in self._bound)

    def _new_name(self, *ends: str) -> str:
        """A name that is declared here, up to one of the ends."""
        at = self._next
        if self._kind != NAME:
            raise self._unexpected("a name")
        while self._tokens[at].kind == NAME or (
            self._tokens[at].kind in (OPERATOR, NUMBER) and self._tokens[at].text not in ("{", "}", "[", "]", "(")
        ):
            if self._tokens[at].text in ends and at > self._next:
                break
            at += 1
        if self._tokens[at].text not in ends:
            self._next = at
            raise self._unexpected(" or ".join(f"'{end}'" for end in ends))
        name = self._slice(self._next, at)
        self._next = at
        return name

    def _slice(self, start: int, end: int) -> str:
        if end == start + 1:
            return self._tokens[start].text
        return normalised(self._text[self._tokens[start].start : self._tokens[end - 1].end])

    # Types

    def _type(self) -> Type:
        self._deeper()
        kind = self._type_itself()
        self._nesting -= 1
        return kind

    def _type_itself(self) -> Type:
        generic = self._text_of if self._tokens[self._next + 1].text == "<" else ""
        match generic:
            case "list" | "range":
                self._next += 2
                inner = self._type()
                self._expect(">")
                return ListOf(inner) if generic == "list" else RangeOf(inner)
            case "context":
                self._next += 2
                fields: dict[str, Type] = {}
                while not self._is(">"):
                    if fields:
                        self._expect(",")
                    name = self._new_name(":")
                    self._expect(":")
                    fields[name] = self._type()
                self._take()
                return ContextOf(fields)
            case "function":
                self._next += 2
                parameters: list[Type] = []
                while not self._is(">"):
                    if parameters:
                        self._expect(",")
                    parameters.append(self._type())
                self._take()
                self._expect("->")
                return FunctionOf(tuple(parameters), self._type())
        for parts, kind in (*self._types, *_BUILT_IN_TYPES):
            if all(
                self._next + i < len(self._tokens) and self._tokens[self._next + i].text == part
                for i, part in enumerate(parts)
            ):
                self._next += len(parts)
                return kind
        raise self._unexpected("a type")


_LEVELS: tuple[tuple[str, ...], ...] = (("or",), ("and",), _COMPARISONS, ("+", "-"), ("*", "/"), ("**",))


def _endpoint_range(operator: str, endpoint: tree.Node) -> tree.Node:
    """`(< 10)`: a range without the other endpoint."""
    match operator:
        case "<" | "<=":
            return tree.RangeLiteral(None, endpoint, False, operator == "<=", operator)
        case ">" | ">=":
            return tree.RangeLiteral(endpoint, None, operator == ">=", False, operator)
        case "=":
            return tree.RangeLiteral(endpoint, endpoint, True, True, operator)
    return tree.RangeLiteral(endpoint, endpoint, False, False, operator)
