"""Roles and their hierarchy."""

import copy
from dataclasses import FrozenInstanceError

import pytest

from bricks import roles
from bricks.roles import (
    BATCH_NORM_SHIFT_PARAMETER,
    BIAS,
    COST,
    DROPOUT,
    FILTER,
    INPUT,
    OUTPUT,
    PARAMETER,
    PERSISTENT,
    VARIABLE,
    WEIGHT,
    Role,
    add_role,
    has_roles,
)

ALL = {value for value in vars(roles).values() if isinstance(value, Role)}


def test_there_are_25_roles_under_one_root():
    assert len(ALL - {VARIABLE}) == 25
    assert all(role.is_a(VARIABLE) for role in ALL)


def test_each_role_is_importable_by_its_name():
    assert all(getattr(roles, str(role)) is role for role in ALL)


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ([PARAMETER, WEIGHT], {WEIGHT}),
        ([WEIGHT, PARAMETER], {WEIGHT}),
        ([WEIGHT, BIAS], {WEIGHT, BIAS}),
        ([FILTER, WEIGHT], {FILTER}),
        (
            [WEIGHT, FILTER, BATCH_NORM_SHIFT_PARAMETER, BIAS],
            {FILTER, BATCH_NORM_SHIFT_PARAMETER},
        ),
        ([PERSISTENT, DROPOUT, FILTER], {DROPOUT, FILTER}),
        ([], set()),
    ],
)
def test_the_more_specific_of_two_related_roles_stays_alone(order, expected):
    own = frozenset()

    for role in order:
        own = add_role(own, role)

    assert own == expected


@pytest.mark.parametrize("wanted", [FILTER, WEIGHT, PARAMETER, PERSISTENT, VARIABLE])
def test_a_filter_has_the_role_of_each_of_its_ancestors(wanted):
    assert has_roles([FILTER], [wanted])


@pytest.mark.parametrize("wanted", [BIAS, INPUT])
def test_a_filter_has_no_unrelated_role(wanted):
    assert not has_roles([FILTER], [wanted])


def test_a_general_role_does_not_count_as_its_kinds():
    assert not has_roles([PARAMETER], [WEIGHT])


def test_match_all_asks_for_every_role():
    assert has_roles([OUTPUT, COST], [OUTPUT, COST], match_all=True)
    assert not has_roles([OUTPUT], [OUTPUT, COST], match_all=True)
    assert has_roles([OUTPUT], [OUTPUT, COST])


def test_of_no_roles_at_all_a_variable_has_all_and_not_any():
    assert not has_roles([WEIGHT], [])
    assert has_roles([WEIGHT], [], match_all=True)


def test_something_that_carries_roles_can_be_asked_itself():
    class Thing:
        roles = frozenset({FILTER})

    assert has_roles(Thing(), [WEIGHT])


def test_a_bare_role_where_several_are_needed_is_an_error_with_the_cure():
    with pytest.raises(TypeError, match=r"bare role WEIGHT; pass a list: roles=\[WEIGHT\]"):
        has_roles([WEIGHT], WEIGHT)


def test_a_role_of_ones_own_is_found_as_its_ancestors():
    embedding = Role("EMBEDDING", WEIGHT)

    assert has_roles([embedding], [PARAMETER])
    assert add_role([WEIGHT], embedding) == {embedding}
    assert embedding.ancestors[:3] == (WEIGHT, PARAMETER, PERSISTENT)


def test_a_role_prints_as_its_name():
    assert str(FILTER) == repr(FILTER) == "FILTER"


def test_a_copy_of_a_role_is_the_role():
    assert copy.deepcopy(FILTER) == FILTER
    assert hash(copy.deepcopy(FILTER)) == hash(FILTER)


def test_two_roles_of_one_name_under_different_parents_differ():
    assert Role("MINE", WEIGHT) != Role("MINE", BIAS)


def test_a_role_cannot_change():
    with pytest.raises(FrozenInstanceError):
        WEIGHT.name = "OTHER"


@pytest.mark.parametrize("name", ["weight", "", "A B", "1A"])
def test_a_name_that_is_not_upper_case_is_refused(name):
    with pytest.raises(ValueError, match="use upper case letters"):
        Role(name)


def test_a_parent_that_is_no_role_is_refused():
    with pytest.raises(TypeError, match="the parent of role MINE is 'WEIGHT'"):
        Role("MINE", "WEIGHT")
