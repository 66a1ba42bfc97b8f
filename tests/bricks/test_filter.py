"""Variable filters: every criterion, all of them together, and misuse."""

import jax
import jax.numpy as jnp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bricks import MLP, Brick, FeedforwardSequence, Linear, Rectifier, Sequence
from bricks.filter import VariableFilter
from bricks.graph import ComputationGraph
from bricks.parameter import Parameter
from bricks.roles import BIAS, FILTER, INPUT, OUTPUT, PARAMETER, WEIGHT, has_roles
from bricks.select import select
from bricks.variable import Variable


class Narrow(Linear):
    """A kind of linear map."""


NET = MLP([Rectifier(), None], [3, 4, 4], name="net")
OTHER = Narrow(4, 4, name="other")


def network(x):
    hidden = NET.apply(x)
    return {"cost": jnp.sum(OTHER.apply(OTHER.apply(hidden)))}


GRAPH = ComputationGraph(network, {"x": jax.ShapeDtypeStruct((2, 3), jnp.float32)})
LINEAR_0, RECTIFIER, LINEAR_1 = NET.children


def found(**criteria):
    return [str(variable) for variable in VariableFilter(**criteria)(GRAPH.variables)]


def test_no_criterion_finds_everything_in_order():
    assert VariableFilter()(GRAPH.variables) == list(GRAPH.variables)


def test_a_role_finds_the_kinds_of_it():
    assert found(roles=[WEIGHT]) == ["/net/linear_0.W", "/net/linear_1.W", "/other.W"]
    assert set(found(roles=[PARAMETER])) == set(found(roles=[WEIGHT]) + found(roles=[BIAS]))


def test_any_of_several_roles_or_each_of_them():
    brick = LINEAR_0
    both = Variable("a", "a", frozenset({INPUT, OUTPUT}), brick, brick.path, "apply")
    one = Variable("b", "b", frozenset({INPUT}), brick, brick.path, "apply")

    assert VariableFilter(roles=[INPUT, OUTPUT])([both, one]) == [both, one]
    assert VariableFilter(roles=[INPUT, OUTPUT], each_role=True)([both, one]) == [both]


def test_roles_may_be_the_positional_argument():
    assert VariableFilter([WEIGHT])(GRAPH.variables) == VariableFilter(roles=[WEIGHT])(
        GRAPH.variables
    )


def test_a_class_of_bricks_finds_what_belongs_to_it_or_a_derived_class():
    assert found(bricks=[Linear], name="W") == ["/net/linear_0.W", "/net/linear_1.W", "/other.W"]
    assert found(bricks=[Narrow], name="W") == ["/other.W"]


def test_a_brick_finds_what_belongs_to_itself_only():
    assert found(bricks=[LINEAR_1], name="b") == ["/net/linear_1.b"]
    assert found(bricks=[NET], roles=[WEIGHT]) == []


def test_within_finds_what_belongs_to_bricks_inside_as_well():
    assert found(within=[NET], roles=[WEIGHT]) == ["/net/linear_0.W", "/net/linear_1.W"]
    assert found(within=[Sequence], name="W") == found(within=[NET], name="W")
    assert found(within=[LINEAR_0, OTHER], name="W") == ["/net/linear_0.W", "/other.W"]
    assert found(within=[NET], bricks=[Rectifier], roles=[OUTPUT]) == [
        "/net/rectifier.apply:output"
    ]


def test_within_reaches_through_several_levels():
    outer = FeedforwardSequence([MLP([None], [2, 2]).apply], name="outer")
    weights = VariableFilter(within=[outer], roles=[WEIGHT])(outer.get_parameters())

    assert [str(weight) for weight in weights] == ["/outer/mlp/linear_0.W"]


def test_a_name_is_exact_and_parameters_have_names():
    assert found(name="W") == found(roles=[WEIGHT])
    assert found(name="out") == []


def test_a_regular_expression_matches_the_beginning_of_the_name():
    assert found(name_regex="out", bricks=[Rectifier]) == ["/net/rectifier.apply:output"]
    assert found(name_regex="put") == []
    assert found(name_regex=".*put$", bricks=[Rectifier]) == ["/net/rectifier.apply:output"]


def test_full_names_can_be_given_or_matched():
    assert found(full_name="/net/linear_0.W") == ["/net/linear_0.W"]
    assert found(full_name="/net/linear_0") == []
    assert found(full_name_regex=r"/net/linear_\d\.b") == ["/net/linear_0.b", "/net/linear_1.b"]
    assert found(full_name_regex="linear") == []


def test_an_application_of_a_brick_or_of_a_class():
    assert found(applications=[LINEAR_0.apply], name="output") == ["/net/linear_0.apply:output"]
    assert found(applications=[Rectifier.apply], name="output") == ["/net/rectifier.apply:output"]
    assert found(applications=[Linear.apply], name="output") == [
        "/net/linear_0.apply:output",
        "/net/linear_1.apply:output",
        "/other.apply:output",
        "/other.apply:output#1",
    ]


def test_parameters_belong_to_no_application():
    assert found(applications=[LINEAR_0.apply], roles=[PARAMETER]) == []


def test_a_call_is_found_by_its_number():
    assert found(call_id=1, name="output") == ["/other.apply:output#1"]
    assert found(call_id=0, bricks=[OTHER], name="output") == ["/other.apply:output"]
    assert found(call_id=0, roles=[PARAMETER]) == []


def test_all_criteria_must_hold():
    assert found(roles=[WEIGHT], bricks=[Linear], within=[NET], name_regex="W", call_id=None) == [
        "/net/linear_0.W",
        "/net/linear_1.W",
    ]
    assert found(roles=[WEIGHT], name="b") == []


def test_nothing_belongs_to_an_empty_list_of_bricks_or_applications():
    assert found(bricks=[]) == []
    assert found(within=[]) == []
    assert found(applications=[]) == []


def test_an_empty_list_of_roles_is_no_criterion():
    assert found(roles=[]) == found()
    assert found(roles=[], each_role=True) == found()


def test_a_brick_shared_by_two_parents_is_within_both():
    shared = Linear(2, 2, name="shared")
    left, right = Brick(name="left", children=[shared]), Brick(name="right", children=[shared])
    weight = shared.get_parameter("W")

    assert VariableFilter(within=[left])([weight]) == [weight]
    assert VariableFilter(within=[right])([weight]) == [weight]


def test_a_variable_without_a_brick_is_found_by_name_and_role():
    alone = Parameter("temperature", (), roles=[WEIGHT])

    assert VariableFilter(roles=[WEIGHT], name="temperature")([alone]) == [alone]
    assert VariableFilter(bricks=[Brick])([alone]) == []


def test_filter_and_selector_mean_the_same():
    pairs = [
        (VariableFilter(roles=[WEIGHT]), ".WEIGHT"),
        (VariableFilter(bricks=[Linear], roles=[BIAS]), "Linear.BIAS"),
        (VariableFilter(within=[NET], roles=[OUTPUT]), "#net .OUTPUT"),
        (VariableFilter(bricks=[LINEAR_1], name="W"), "MLP > #linear_1:W"),
    ]
    for variable_filter, selector in pairs:
        assert variable_filter(GRAPH.variables) == select(GRAPH.variables, selector)


@given(
    st.lists(st.sampled_from(GRAPH.variables)),
    st.lists(st.sampled_from([INPUT, OUTPUT, WEIGHT, BIAS, PARAMETER, FILTER]), min_size=1),
    st.sampled_from(["W", "b", "output", None]),
)
def test_criteria_are_conjunctions_that_keep_the_order_of_any_list(variables, roles, name):
    result = VariableFilter(roles=roles, name=name)(variables)

    assert result == [
        variable
        for variable in variables
        if has_roles(variable, roles) and name in (None, variable.name)
    ]


@pytest.mark.parametrize(
    ("criteria", "error", "words"),
    [
        ({"roles": WEIGHT}, TypeError, r"pass a list: roles=\[WEIGHT\]"),
        ({"roles": ["WEIGHT"]}, TypeError, "'WEIGHT', which is no role"),
        ({"roles": "WEIGHT"}, TypeError, "roles is 'WEIGHT', but must be a list"),
        ({"bricks": LINEAR_0}, TypeError, "bare brick /net/linear_0; pass a list"),
        ({"bricks": Linear}, TypeError, "bare brick Linear; pass a list"),
        ({"bricks": [int]}, ValueError, "the class int, which is no brick"),
        ({"bricks": ["linear"]}, TypeError, "neither a brick nor a class of bricks"),
        ({"bricks": [LINEAR_0.apply]}, ValueError, r"applications=\[...\]"),
        ({"within": NET}, TypeError, r"within=\[...\]"),
        ({"within": 3}, TypeError, "within is 3, but must be a list"),
        ({"applications": LINEAR_0.apply}, TypeError, "pass a list: applications="),
        ({"applications": [LINEAR_0]}, ValueError, r"brick.apply, or pass it in bricks=\[...\]"),
        ({"applications": [Linear]}, ValueError, r"bricks=\[...\]"),
        ({"applications": ["apply"]}, TypeError, "'apply', which is no application"),
        ({"call_id": "1"}, TypeError, "call_id is '1', but must be an integer"),
        ({"name_regex": "("}, ValueError, "name_regex='\\(' is no regular expression"),
        ({"full_name_regex": "["}, ValueError, "full_name_regex"),
    ],
)
def test_misuse_is_an_error_that_names_the_cure(criteria, error, words):
    with pytest.raises(error, match=words):
        VariableFilter(**criteria)
