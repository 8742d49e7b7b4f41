"""What of Textual and Rich parses markup, by name."""

from __future__ import annotations

CONTENT_TYPES = {"Content", "Text", "Strip", "Visual", "Table", "Option", "Selection", "Tab", "Widget"}
CONTAINER_TYPES = {"list", "tuple", "Sequence", "Iterable", "Iterator", "None", "Optional", "ComposeResult"}

FIRST = {
    "Static",
    "Label",
    "Button",
    "Option",
    "Selection",
    "Tree",
    "Tab",
    "TabPane",
    "Checkbox",
    "RadioButton",
    "Placeholder",
    "Link",
    "ToggleButton",
    "Toast",
    "Tooltip",
    "CollapsibleTitle",
    "notify",
    "add_leaf",
    "render_str",
    "with_tooltip",
    "add_column",
    "update",
    "set_label",
}
"""Callables whose first argument is parsed."""
LAST = {"replace_option_prompt", "replace_option_prompt_at_index", "update_cell", "update_cell_at"}
ALL = {
    "OptionList",
    "SelectionList",
    "Tabs",
    "Select",
    "RadioSet",
    "Collapsible",
    "add_option",
    "add_options",
    "set_options",
    "add_row",
    "add_rows",
    "add_columns",
    "add_tab",
}
SOME = {"Hit": (1, 4), "DiscoveryHit": (0, 3)}
"""Callables of which some arguments are parsed, counted from 0."""
OWN_TEXTS = {"action.title", "action.help"}
"""Texts of the action registry: literals there, and tested to hold no bracket."""
PAIRS = {"Select", "SelectionList", "set_options"}
"""Callables that take prompts with values; values are not shown."""
WIDGETS = {name for name in FIRST | ALL if name[0].isupper()}
KEYWORDS = {
    "content",
    "label",
    "prompt",
    "title",
    "placeholder",
    "tooltip",
    "renderable",
    "message",
    "options",
    "help",
}
ATTRIBUTES = {
    "border_title",
    "border_subtitle",
    "tooltip",
    "label",
    "prompt",
    "placeholder",
    "content",
    "BORDER_TITLE",
    "BORDER_SUBTITLE",
}
PLACEHOLDER_WIDGETS = {"TextArea"}
PARSERS = {"from_markup", "from_text"}
FORBIDDEN_NAMES = {"MarkdownViewer"}
SETS_AND_MAPS = {"dict", "set", "Counter", "defaultdict", "OrderedDict", "frozenset", "Mapping", "MutableMapping"}
