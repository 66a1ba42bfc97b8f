"""The selector language: variables by the names and classes of their bricks, roles and names.

>>> from bricks import MLP, Rectifier
>>> mlp = MLP([Rectifier(), None], [3, 4, 2])
>>> [str(variable) for variable in select(mlp.get_parameters(), "MLP > #linear_1 .WEIGHT")]
['/mlp/linear_1.W']

======================  ======================================================================
`.WEIGHT`               variables with that role, or a kind of it
`:output`               variables of that name; parameters have names too (`:W`)
`Linear:output`         the outputs of bricks of class `Linear`, or of a class derived from it
`#encoder.BIAS`         the biases of the brick named *encoder* itself
`#encoder .BIAS`        the biases of that brick and of all bricks inside it
`#foo > LSTM .WEIGHT`   the weights in an `LSTM` that is a child of a brick named *foo*
`Linear#out:W.WEIGHT`   conditions written together must all hold
`.WEIGHT, LSTM:states`  what either selector gives
`#linear_*:out*`        `*` stands for any characters in the name of a class, brick or variable
`#"a b":"states#1"`     a name in quotes is taken as it is
======================  ======================================================================

The whole grammar, where `[ ]` is optional and `{ }` may come any number of times::

    selector = chain { "," chain }
    chain    = { brick join } ( brick variable | variable )
    join     = space | ">"                     inside, at any depth | a child
    brick    = class [ "#" name ] | "#" name
    variable = part { part }                   at most one of them with ":"
    part     = "." role | ":" name
    class    = word
    role     = word                            without "*"
    name     = word | '"' any characters but '"' '"'
    word     = letters, digits, "_", "-" and "*", at least one

Space around `>` and `,` means nothing; elsewhere it means "inside", and none may stand
within a brick or a variable. A brick directly followed by a variable owns it, so `Linear.WEIGHT`
says the same as `Linear > .WEIGHT`. A variable is inside the brick that owns it, so `MLP :output`
gives the outputs of the MLP along with those of its layers. A selector always gives variables:
one that ends with a brick is an error, and `#encoder :*` is how to say "all that is in there".
A brick shared by several parents is a child of each.
"""

from collections.abc import Iterable

from bricks._lineage import AnyVariable
from bricks._selector_grammar import parse
from bricks._selector_match import chain_fits, no_match


def select(variables: Iterable[AnyVariable], selector: str) -> list[AnyVariable]:
    """Return those of `variables` that the selector describes, in their order, each once.

    Args:
        variables: for instance `graph.variables`, or the parameters of a brick.
        selector: in the language that the docstring of `bricks.select` lays down.

    Raises:
        TypeError: if `selector` is no string.
        ValueError: if the selector does not follow the grammar (the message points at the
            column), or if one of the selectors that it joins with `,` matches nothing (the
            message says which part failed, and what there is instead).
    """
    unique = tuple(dict.fromkeys(variables))
    chosen: set[AnyVariable] = set()
    for chain in parse(selector):
        found = [variable for variable in unique if chain_fits(chain, variable)]
        if not found:
            raise no_match(selector, chain, unique)
        chosen.update(found)
    return [variable for variable in unique if variable in chosen]
