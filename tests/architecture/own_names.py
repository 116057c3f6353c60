"""Names that a source keeps for itself, in an anonymous namespace, and that another source of its folder calls as well.

A unity build (the preset `release`) compiles both in one translation unit. What is defined twice does not compile there;
but a function that is only a better match for the other's arguments is called instead of the other's own, without a word.
"""

import re

OWN = re.compile(r"^namespace \{\n(.*?)^\}", re.DOTALL | re.MULTILINE)
FUNCTION = re.compile(r"^(?!return\b|using\b|struct\b|class\b|enum\b|namespace\b)[\w:<][\w:<>,&*\[\] ]*?[ &*](\w+)\(", re.MULTILINE)


def own_functions(code):
    """Name -> where it is first declared; `code` has no comments and no literals."""
    found = {}
    for part in OWN.finditer(code):
        for function in FUNCTION.finditer(part[1]):
            found.setdefault(function[1], part.start(1) + function.start(1))
    return found


def calls(code, name):
    """Whether a function of that name is called as one that is found by its name alone."""
    return re.search(rf"(?<![.>\w:~]){name}\(", code) is not None


def shared_names(sources):
    """(path, place, name, other path) of each; `sources` maps the paths of one folder to their code."""
    for path, code in sources.items():
        for name, place in own_functions(code).items():
            for other, text in sources.items():
                if other != path and calls(text, name):
                    yield path, place, name, other
                    break
