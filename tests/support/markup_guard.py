"""Finds text that may reach a markup parser of Textual or Rich.

A plain `str` given to these widgets is parsed: `[@click=app.quit]x[/]` becomes a live action and `[/]` ends the
application. So only a literal, or an expression that is content already, may be given to them. What counts as
content is decided from the syntax alone: `Content(...)`, `Text(...)`, a call of a function declared to return one of
them (those of `tui/safe.py`, for example), a name declared or only ever assigned so, or another widget.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from pathlib import Path

from tests.support import markup_names as known
from tests.support.guards import parse, python_files


@dataclass
class _Knowledge:
    """What the whole of `tui/` declares, by name."""

    content_functions: set[str] = field(default_factory=set[str])
    parsing_classes: set[str] = field(default_factory=lambda: set(known.WIDGETS))
    closed_classes: set[str] = field(default_factory=set[str])
    """Subclasses with a constructor of their own, whose call of `super().__init__` is checked instead."""


def _last_name(node: ast.expr | None) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.Name):
        return node.id
    return _last_name(node.value) if isinstance(node, ast.Subscript) else ""


def _says_content(annotation: ast.expr | None) -> bool:
    """Whether a declared type holds content and nothing else."""
    if annotation is None:
        return False
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        annotation = ast.parse(annotation.value, mode="eval").body
    names = {_last_name(node) for node in ast.walk(annotation) if isinstance(node, ast.Name | ast.Attribute)}
    if any(isinstance(node, ast.Constant) and node.value is None for node in ast.walk(annotation)):
        names.add("None")
    return bool(names & known.CONTENT_TYPES) and names <= known.CONTENT_TYPES | known.CONTAINER_TYPES


def _learn(trees: list[ast.Module]) -> _Knowledge:
    knowledge = _Knowledge()
    returns: dict[str, list[bool]] = {}
    classes: list[ast.ClassDef] = []
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                returns.setdefault(node.name, []).append(_says_content(node.returns))
            elif isinstance(node, ast.ClassDef):
                classes.append(node)
    knowledge.content_functions = {name for name, verdicts in returns.items() if all(verdicts)}
    for _ in classes:  # until nothing new is learned, at most once a class
        learned = len(knowledge.parsing_classes | knowledge.closed_classes)
        for node in classes:
            if {_last_name(base) for base in node.bases} & (knowledge.parsing_classes | knowledge.closed_classes):
                own = any(isinstance(child, ast.FunctionDef) and child.name == "__init__" for child in node.body)
                (knowledge.closed_classes if own else knowledge.parsing_classes).add(node.name)
        if len(knowledge.parsing_classes | knowledge.closed_classes) == learned:
            break
    return knowledge


class _File(ast.NodeVisitor):
    """One file: keeps the functions and classes around the node it looks at."""

    def __init__(self, knowledge: _Knowledge, tree: ast.Module) -> None:
        self.knowledge = knowledge
        self.problems: list[tuple[int, str]] = []
        self.functions: list[ast.FunctionDef | ast.AsyncFunctionDef] = []
        self.classes: list[ast.ClassDef] = []
        self.collections = self._collections(tree)
        self.objects = self._objects(tree)
        self.module = tree

    @staticmethod
    def _objects(tree: ast.Module) -> set[str]:
        """Classes of the screen that the file imports or defines: what they make is no string."""
        names = {node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}
        for node in ast.walk(tree):
            module = f"{node.module}." if isinstance(node, ast.ImportFrom) else ""
            if isinstance(node, ast.ImportFrom) and module.startswith(("textual.", "rich.", "workbench.tui.")):
                names.update(alias.asname or alias.name for alias in node.names)
        return {name for name in names if name[:1].isupper() and not name.isupper()}

    @staticmethod
    def _collections(tree: ast.Module) -> set[str]:
        """Names of sets and mappings, whose `update` has nothing to do with widgets."""
        names: set[str] = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.AnnAssign | ast.arg) and node.annotation is not None:
                target = node.arg if isinstance(node, ast.arg) else _last_name(node.target)
                if _last_name(node.annotation) in known.SETS_AND_MAPS:
                    names.add(target)
            elif isinstance(node, ast.Assign):
                literal = isinstance(node.value, ast.Dict | ast.Set | ast.DictComp | ast.SetComp)
                made = isinstance(node.value, ast.Call) and _last_name(node.value.func) in known.SETS_AND_MAPS
                if literal or made:
                    names.update(_last_name(target) for target in node.targets)
        return names

    def _say(self, node: ast.AST, problem: str) -> None:
        self.problems.append((getattr(node, "lineno", 0), problem))

    # What is safe

    def _literal(self, node: ast.expr) -> bool:
        if isinstance(node, ast.JoinedStr):
            return all(isinstance(part, ast.Constant) for part in node.values)
        if isinstance(node, ast.BinOp):
            return self._literal(node.left) and self._literal(node.right)
        return isinstance(node, ast.Constant)

    def _known_name(self, name: str) -> bool:
        """Whether everything the innermost function that knows `name` gives it is content."""
        for scope in reversed([self.module, *self.functions]):
            verdicts: list[bool] = []
            if not isinstance(scope, ast.Module):
                parameters = [*scope.args.posonlyargs, *scope.args.args, *scope.args.kwonlyargs]
                verdicts += [_says_content(parameter.annotation) for parameter in parameters if parameter.arg == name]
            nodes = ast.walk(scope) if not isinstance(scope, ast.Module) else iter(scope.body)
            for node in nodes:
                if isinstance(node, ast.AnnAssign) and _last_name(node.target) == name:
                    verdicts.append(
                        _says_content(node.annotation) or (node.value is not None and self.safe(node.value))
                    )
                elif isinstance(node, ast.Assign) and any(_mentions(target, name) for target in node.targets):
                    verdicts.append(name in map(_last_name, node.targets) and self.safe(node.value))
                elif isinstance(node, ast.For | ast.comprehension) and _mentions(node.target, name):
                    verdicts.append(_last_name(node.target) == name and self.safe(node.iter))
                elif isinstance(node, ast.NamedExpr) and node.target.id == name:
                    verdicts.append(self.safe(node.value))
                elif isinstance(node, ast.AugAssign) and _last_name(node.target) == name:
                    verdicts.append(self._content(node.value))
            if verdicts:
                return all(verdicts)
        return False

    def _content(self, node: ast.expr) -> bool:
        """Whether an expression is content, another object that is no string, or a container of such."""
        match node:
            case ast.Call(func=called):
                name = _last_name(called)
                made = name in self.objects or name in known.CONTENT_TYPES or name in known.WIDGETS
                method_of_content = isinstance(called, ast.Attribute) and self._content(called.value)
                maker = isinstance(called, ast.Attribute) and _last_name(called.value) in {"Content", "Text"}
                return made or method_of_content or maker or name in self.knowledge.content_functions
            case ast.Name(id=name):
                return self._known_name(name)
            case ast.BinOp(left=left, right=right):
                return self._content(left) or self._content(right)
            case ast.Await(value=value) | ast.Starred(value=value) | ast.NamedExpr(value=value):
                return self._content(value)
            case _:
                return False

    def safe(self, node: ast.expr) -> bool:
        """Whether it may meet a parser."""
        match node:
            case ast.IfExp(body=body, orelse=other):
                return self.safe(body) and self.safe(other)
            case ast.BoolOp(values=values) | ast.List(elts=values) | ast.Tuple(elts=values):
                return all(self.safe(value) for value in values)
            case ast.ListComp(elt=element) | ast.GeneratorExp(elt=element):
                return self.safe(element)
            case ast.Starred(value=value):
                return self.safe(value)
            case _:
                return self._literal(node) or self._content(node) or ast.unparse(node) in known.OWN_TEXTS

    # Where it must be safe

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        """A `render` that returns a string has it parsed."""
        if node.name == "render" and self.classes and not _says_content(node.returns):
            self._say(node, "render() must declare that it returns Content, Text or Visual")
        self.functions.append(node)
        self.generic_visit(node)
        self.functions.pop()

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        """Keeps the scope."""
        self.functions.append(node)
        self.generic_visit(node)
        self.functions.pop()

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        """Keeps the class."""
        self.classes.append(node)
        self.generic_visit(node)
        self.classes.pop()

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        """Escaping is no defence, and one viewer opens links by itself."""
        for alias in node.names:
            if alias.name == "escape" and "markup" in (node.module or ""):
                self._say(node, "escape() does not protect; use Content or Text")
            if alias.name in known.FORBIDDEN_NAMES:
                self._say(node, f"{alias.name} opens links by itself")

    def visit_Assign(self, node: ast.Assign) -> None:
        """Titles, tooltips and labels are parsed when they are set."""
        for target in node.targets:
            self._check_target(target, node.value)
        self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        """As above."""
        self._check_target(node.target, node.value)
        self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        """As above."""
        if node.value is not None and _last_name(node.target).isupper():
            self._check_target(node.target, node.value)
        self.generic_visit(node)

    def _check_target(self, target: ast.expr, value: ast.expr) -> None:
        attribute = isinstance(target, ast.Attribute) or _last_name(target).isupper()
        if attribute and _last_name(target) in known.ATTRIBUTES and not self.safe(value):
            self._say(target, f"{_last_name(target)} = {ast.unparse(value)}")

    def visit_Call(self, node: ast.Call) -> None:
        """Arguments of everything that parses."""
        name = _last_name(node.func)
        options = {keyword.arg: keyword.value for keyword in node.keywords}
        markup = options.get("markup")
        switched_off = isinstance(markup, ast.Constant) and markup.value is False
        self._check_parsers(node, name, markup)
        if not switched_off and not (name == "update" and _last_name(_receiver(node)) in self.collections):
            if name == "__init__" and self.classes and "super" in ast.unparse(node.func):
                name = next(filter(self._parses, map(_last_name, self.classes[-1].bases)), name)
            for argument in [*self._parsed(name, node.args), *self._parsed_options(name, options)]:
                if not self.safe(argument):
                    self._say(node, f"{name}(… {ast.unparse(argument)} …)")
        self.generic_visit(node)

    def _parses(self, base: str) -> bool:
        return base in self.knowledge.parsing_classes or base in known.PLACEHOLDER_WIDGETS

    def _check_parsers(self, node: ast.Call, name: str, markup: ast.expr | None) -> None:
        literal = all(self._literal(argument) for argument in node.args)
        if name == "escape" and "markup" in ast.unparse(node.func):
            self._say(node, "escape() does not protect; use Content or Text")
        if name in known.PARSERS and not (node.args and self._literal(node.args[0])):
            self._say(node, f"{name}() of something that is not a literal")
        parses = markup is not None and not (isinstance(markup, ast.Constant) and markup.value is False)
        if parses and (name == "RichLog" or not literal):
            self._say(node, f"{name}(markup=…) with something that is not a literal")
        if name in known.FORBIDDEN_NAMES:
            self._say(node, f"{name} opens links by itself")

    def _parsed(self, name: str, arguments: list[ast.expr]) -> list[ast.expr]:
        if name in known.PAIRS:
            return [part for argument in arguments for part in _prompts(argument)]
        if name in known.ALL:
            return arguments
        if name in known.SOME:
            return [argument for index, argument in enumerate(arguments) if index in known.SOME[name]]
        if name in known.LAST:
            return arguments[-1:]
        inherited = name in self.knowledge.parsing_classes and name not in self.knowledge.closed_classes
        return arguments[:1] if name in known.FIRST or inherited else []

    def _parsed_options(self, name: str, options: dict[str | None, ast.expr]) -> list[ast.expr]:
        parsing = (
            name in known.FIRST | known.ALL | known.LAST | known.PLACEHOLDER_WIDGETS | known.SOME.keys()
            or name in self.knowledge.parsing_classes
        )
        wanted = known.KEYWORDS if parsing else {"tooltip"}
        # The title of a toast is shown as it is; only its message is parsed.
        wanted = wanted - {"title"} if name == "notify" else wanted
        return [value for key, value in options.items() if key in wanted]


def _prompts(options: ast.expr) -> list[ast.expr]:
    """Of pairs of prompt and value, written out or made by a comprehension, the prompts; else all of it."""
    match options:
        case ast.List(elts=elements):
            return [prompt for element in elements for prompt in _prompts(element)]
        case ast.ListComp(elt=element) | ast.GeneratorExp(elt=element):
            return _prompts(element)
        case ast.Tuple(elts=[prompt, *_]):
            return [prompt]
        case _:
            return [options]


def _mentions(target: ast.expr, name: str) -> bool:
    return any(isinstance(node, ast.Name) and node.id == name for node in ast.walk(target))


def _receiver(node: ast.Call) -> ast.expr | None:
    return node.func.value if isinstance(node.func, ast.Attribute) else None


def parsed_text(root: Path) -> list[str]:
    """Every place under `tui/` where a string that is not a literal may meet a markup parser."""
    paths = list(python_files(root, "src/workbench/tui"))
    trees = [parse(path) for path in paths]
    knowledge = _learn(trees)
    found: list[str] = []
    for path, tree in zip(paths, trees, strict=True):
        visitor = _File(knowledge, tree)
        visitor.visit(tree)
        found.extend(f"{path.relative_to(root)}:{line}: {problem}" for line, problem in sorted(set(visitor.problems)))
    return found


def parsing_consoles(root: Path) -> list[str]:
    """Rich consoles of the command line that would parse what they print."""
    return [
        f"{path.relative_to(root)}:{node.lineno}: Console needs markup=False"
        for path in python_files(root, "src/workbench/cli")
        for node in ast.walk(parse(path))
        if isinstance(node, ast.Call)
        and _last_name(node.func) == "Console"
        and not any(keyword.arg == "markup" and ast.unparse(keyword.value) == "False" for keyword in node.keywords)
    ]
