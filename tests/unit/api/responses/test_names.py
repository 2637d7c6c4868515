from hypothesis import given
from hypothesis import strategies as st

from api.responses import names

labels = st.text(st.characters(codec="utf-8"), max_size=20)


@given(labels, labels, labels)
def test_no_tenant_can_name_what_another_keeps(one, other, id):
    mine = {names.record(one, id), names.index(one), names.held(one)}
    assert len(mine) == 3
    if one != other:
        assert not mine & {names.record(other, id), names.index(other), names.held(other)}


@given(labels)
def test_all_of_a_tenants_are_in_one_slot(tenant):
    """Redis hashes what is between the first brace and the next."""
    found = (names.record(tenant, "x"), names.index(tenant), names.held(tenant))
    assert len({name.partition("{")[2].partition("}")[0] for name in found}) == 1
    assert all(name.count("{") == name.count("}") == 1 for name in found)
