from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from api.batches.worker import chosen
from tests.batches import batch

TENANTS = st.sampled_from("abc")


@given(st.lists(TENANTS), st.dictionaries(TENANTS, st.integers(0, 5)), st.integers(0, 6))
def test_no_tenant_is_passed_over_for_one_with_more_at_work(tenants, busy, room):
    due = [batch(tenant) for tenant in tenants]
    taken = chosen(due, busy, room)
    assert len(taken) == min(room, len(due))
    working = Counter(busy)
    for found in taken:
        others = {b.tenant for b in due if b not in taken}
        assert all(working[found.tenant] <= working[other] for other in others)
        working[found.tenant] += 1


def test_who_was_due_first_is_taken_first():
    due = [batch("a"), batch("a"), batch("b")]
    assert chosen(due, {}, 2) == [due[0], due[2]]
    assert chosen(due, {"b": 9}, 2) == due[:2]
