"""The selector language: what it finds, and what it says when it finds nothing."""

import itertools
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bricks import Brick
from bricks.parameter import Parameter
from bricks.roles import BIAS, FILTER, INPUT, OUTPUT, WEIGHT
from bricks.select import select
from bricks.variable import Variable


class Plain(Brick):
    """A brick of no use but to be found."""


class Unit(Brick):
    """Another."""


class GatedUnit(Unit):
    """A kind of the other."""


CLASSES = {"Plain": Plain, "Unit": Unit, "GatedUnit": GatedUnit}


def parameter(brick, name, *roles):
    return Parameter(name, (2,), roles=roles, brick=brick)


def output(brick, name="output"):
    key = f"{brick.path}.apply:{name}"
    return Variable(key, name, frozenset({OUTPUT}), brick, brick.path, "apply")


@pytest.fixture
def network():
    """/top holds /top/foo and /top/bar, each of which holds a unit and a plain brick."""
    parts = [(GatedUnit(name="unit"), Plain(name="plain")) for _ in range(2)]
    groups = [Plain(name="foo", children=parts[0]), Plain(name="bar", children=parts[1])]
    top = Plain(name="top", children=groups)
    variables = [
        variable
        for brick in (*parts[0], *parts[1])
        for variable in (
            parameter(brick, "W", WEIGHT),
            parameter(brick, "b", BIAS),
            output(brick),
        )
    ]
    return [*variables, output(top)]


def found(variables, selector):
    return [str(variable) for variable in select(variables, selector)]


def test_weights_of_a_unit_whose_parent_has_a_name(network):
    assert found(network, "#foo > Unit .WEIGHT") == ["/top/foo/unit.W"]


def test_a_class_matches_those_derived_from_it_and_not_those_it_is_derived_from(network):
    assert found(network, "#foo Unit.BIAS") == found(network, "#foo GatedUnit.BIAS")
    unit = Unit(name="base")
    with pytest.raises(ValueError, match="no brick is of class 'GatedUnit'"):
        select([parameter(unit, "W", WEIGHT)], "GatedUnit.WEIGHT")


def test_a_role_matches_the_kinds_of_it():
    brick = Plain(name="conv")
    kernel, bias = parameter(brick, "W", FILTER), parameter(brick, "b", BIAS)

    assert select([kernel, bias], ".WEIGHT") == [kernel]
    assert select([kernel, bias], ".PARAMETER") == [kernel, bias]


def test_a_variable_written_after_a_space_may_belong_to_the_brick_itself_or_be_deeper(network):
    assert found(network, "#top :output")[-1] == "/top.apply:output"
    assert len(found(network, "#top :output")) == 5


def test_a_variable_written_directly_after_a_brick_belongs_to_it(network):
    assert found(network, "#top:output") == ["/top.apply:output"]
    assert found(network, "#top > :output") == ["/top.apply:output"]


def test_a_child_is_not_a_grandchild(network):
    with pytest.raises(ValueError, match="not a child of '#top', which is /top"):
        select(network, "#top > Unit .WEIGHT")


def test_a_union_is_in_the_order_of_the_graph_without_duplicates(network):
    selector = "#bar .BIAS, Unit:b, #foo :b"

    assert found(network, selector) == [str(v) for v in network if v.name == "b"]


def test_a_star_stands_for_any_brick_or_any_part_of_a_name(network):
    assert found(network, "#foo > *:W") == ["/top/foo/unit.W", "/top/foo/plain.W"]
    assert found(network, "#p*:out*") == [
        "/top/foo/plain.apply:output",
        "/top/bar/plain.apply:output",
    ]
    assert found(network, "#foo :*") == [str(v) for v in network if "/foo" in str(v)]


def test_a_quoted_name_is_taken_as_it_is():
    first, second = Plain(name="a b*"), Plain(name="a bc")
    variables = [output(first, "states#1"), output(second, "states#1")]

    assert select(variables, '#"a b*" :"states#1"') == variables[:1]


def test_roles_written_together_must_all_hold():
    brick = Plain(name="plain")
    both = Variable("/plain.apply:x", "x", frozenset({INPUT, OUTPUT}), brick, "/plain", "apply")
    one = Variable("/plain.apply:y", "y", frozenset({INPUT}), brick, "/plain", "apply")

    assert select([both, one], ".INPUT.OUTPUT") == [both]
    assert select([both, one], "Plain.INPUT:y") == [one]


def test_a_brick_shared_by_two_parents_is_a_child_of_both():
    shared = Unit(name="shared")
    left, right = Plain(name="left", children=[shared]), Plain(name="right", children=[shared])
    weight = parameter(shared, "W", WEIGHT)

    assert select([weight], "#left > Unit.WEIGHT") == [weight]
    assert select([weight], "#right > Unit.WEIGHT") == [weight]
    assert {parent.name for parent in shared.parents} == {left.name, right.name}


def test_a_variable_without_a_brick_is_found_by_role_and_name_only():
    alone = Parameter("temperature", (), roles=[WEIGHT])

    assert select([alone], ":temperature.WEIGHT") == [alone]
    with pytest.raises(ValueError, match="no brick is of class"):
        select([alone], "* :temperature")


@pytest.mark.parametrize(
    ("selector", "column", "problem"),
    [
        ("", 1, "a selector was expected"),
        ("Unit >", 7, "a brick or a variable must follow '>'"),
        ("Unit > > Plain.WEIGHT", 8, "must follow '>'"),
        ("> Unit.WEIGHT", 1, "a selector was expected"),
        (".WEIGHT,", 9, "a selector was expected"),
        ("Plain > Unit", 13, "write 'Unit:\\*'"),
        ("Unit, .WEIGHT", 5, "'Unit' names bricks, but a selector gives variables"),
        ("Unit.WEIGHT Plain", 13, "nothing is inside the variable '.WEIGHT'"),
        ("#a#b:W", 3, "a brick has one name"),
        ("#.WEIGHT", 2, "the name of a brick must follow '#'"),
        ("Unit..WEIGHT", 6, "the name of a role must follow '.'"),
        (".W*", 4, "the name of a role must follow '.'"),
        ("Unit: output", 6, "the name of a variable must follow ':'"),
        ("Unit:a:b", 7, "a variable has one name"),
        ("Unit:output#h", 12, "come before"),
        ("Un$it:output", 3, "'\\$' has no meaning here"),
        ("Unit:out(1)", 9, "'\\(' has no meaning here"),
        ('#"foo :output', 2, "never closed"),
    ],
)
def test_a_selector_that_cannot_be_read_is_an_error_that_points_at_the_place(
    network, selector, column, problem
):
    with pytest.raises(ValueError, match=rf"column {column}: .*{problem}") as error:
        select(network, selector)

    line, pointer = str(error.value).splitlines()[-2:]
    assert line.removeprefix("    ") == selector
    assert pointer.index("^") - 4 == column - 1


@pytest.mark.parametrize(
    ("selector", "column", "words"),
    [
        ("#fooo > Unit.WEIGHT", 1, "did you mean 'foo'?"),
        ("#foo > Untit.WEIGHT", 8, "did you mean 'Unit'?"),
        ("#foo > Unit.WIEGHT", 12, "did you mean 'WEIGHT'?"),
        ("#foo > Unit.weight", 12, "did you mean 'WEIGHT'?"),
        ("#foo > Unit:outptu", 12, "did you mean 'output'?"),
        ("Unit > Plain:b", 8, "but not a child of 'Unit', which is /top/foo/unit"),
        ("Unit#plain:b", 1, "but no brick has both"),
        ("#foo.WEIGHT", 5, "a space before '.WEIGHT'"),
        ("Unit:W.BIAS", 5, "asks for more than any one variable has"),
        ("Unit.WEIGHT, Unit:c", 18, "no variable has the name 'c'"),
        ("#top > .BIAS", 8, "the variables of '#top' are /top.apply:output"),
    ],
)
def test_a_selector_that_matches_nothing_says_which_part_failed_and_what_there_is(
    network, selector, column, words
):
    with pytest.raises(ValueError, match=re.escape(words)) as error:
        select(network, selector)

    assert str(error.value).splitlines()[-1].index("^") - 4 == column - 1


def test_a_long_list_of_what_there_is_is_cut(network):
    many = [parameter(Plain(name=f"plain_{i}"), "W", WEIGHT) for i in range(20)]

    with pytest.raises(ValueError, match="plain_7 and 12 more"):
        select(many, "#other:W")


def test_a_selector_must_be_a_string(network):
    with pytest.raises(TypeError, match="a selector is a string such as"):
        select(network, WEIGHT)


# A law: a selector finds what trying all ways to place its parts along a path finds.

NAMES = ["x", "y", "x_1"]
ROLES = [WEIGHT, FILTER, BIAS, OUTPUT]

trees = st.recursive(
    st.tuples(st.sampled_from(list(CLASSES)), st.just(())),
    lambda children: st.tuples(
        st.sampled_from(list(CLASSES)),
        st.lists(children, max_size=3).map(tuple),
    ),
    max_leaves=8,
)


def build(tree, name, draw):
    """The brick, and beside each variable in it the bricks above, topmost first."""
    class_name, children = tree
    names = draw(st.permutations(NAMES))
    built = [build(child, names[i], draw) for i, child in enumerate(children)]
    brick = CLASSES[class_name](name=name, children=[child for child, _ in built])
    own = [
        (parameter(brick, name, *roles), ())
        for name, roles in draw(
            st.dictionaries(
                st.sampled_from("WbU"), st.sets(st.sampled_from(ROLES), max_size=2), max_size=2
            )
        ).items()
    ]
    below = [entry for _, entries in built for entry in entries]
    return brick, [(variable, (brick, *above)) for variable, above in own + below]


parts = st.tuples(
    st.booleans(),
    st.sampled_from([None, "*", "Brick", *CLASSES]),
    st.sampled_from([None, *NAMES, "x*"]),
)
chains = st.tuples(
    st.lists(parts.filter(lambda part: part[1] or part[2]), max_size=3),
    st.booleans(),
    st.sets(st.sampled_from(["WEIGHT", "BIAS", "PARAMETER"]), max_size=1),
    st.sampled_from([None, "W", "b", "*"]),
).filter(lambda chain: chain[2] or chain[3])


def written(chain):
    steps, child, roles, name = chain
    text = ""
    for number, (is_child, class_name, brick_name) in enumerate(steps):
        text += ("" if number == 0 else " > " if is_child else " ") + (class_name or "")
        text += f"#{brick_name}" if brick_name else ""
    text += "" if not steps or child else " "
    return text + "".join(f".{role}" for role in roles) + (f":{name}" if name else "")


def is_named(name, pattern):
    return (
        pattern is None or name == pattern or pattern == "*" or (pattern, name[:1]) == ("x*", "x")
    )


def is_described(chain, variable, above):
    steps, child, roles, name = chain
    kinds = {str(kind) for role in variable.roles for kind in (role, *role.ancestors)}
    if not (roles <= kinds and is_named(variable.name, name)):
        return False
    for places in itertools.combinations(range(len(above)), len(steps)):
        nodes = [above[place] for place in places]
        fitting = all(
            (class_name in (None, "*", "Brick") or isinstance(node, CLASSES[class_name]))
            and is_named(node.name, brick_name)
            for node, (_, class_name, brick_name) in zip(nodes, steps, strict=True)
        )
        adjacent = all(
            second - first == 1
            for (first, second), (is_child, *_) in zip(
                itertools.pairwise(places), steps[1:], strict=True
            )
            if is_child
        )
        if fitting and adjacent and (not steps or not child or places[-1] == len(above) - 1):
            return True
    return False


@settings(max_examples=200, deadline=None)
@given(trees, chains, st.data())
def test_a_selector_finds_what_trying_all_placements_finds(tree, chain, data):
    _, entries = build(tree, "x", data.draw)
    expected = [variable for variable, above in entries if is_described(chain, variable, above)]
    variables = [variable for variable, _ in entries]

    if expected:
        assert select(variables, written(chain)) == expected
    else:
        with pytest.raises(ValueError, match="matches none of"):
            select(variables, written(chain))
