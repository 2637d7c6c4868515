from dataclasses import replace

from experts.engines.cost_book import CostBook
from experts.engines.cost_store import Name
from experts.engines.costs import Slept, Started
from experts.engines.priors import CPU, Size, costs_before

NAME, OTHER = Name("cpu", "f"), Name("cpu", "g")
PRIOR = costs_before(Size(10**9, 5 * 10**8), CPU, {})


class ToyStore:
    """Holds costs as others have left them."""

    def __init__(self, known):
        self.known, self.learned = known, []

    async def load(self, priors):
        return {**priors, **self.known}

    async def learn(self, name, happened, prior):
        self.learned.append((name, happened, prior))
        return replace(prior, lengths={"from the store": None})


async def test_before_anything_is_learned_the_priors_are_believed():
    book = CostBook()
    await book.open({NAME: PRIOR})
    assert book.of(NAME) == PRIOR


async def test_what_happens_is_learned_of_its_own_kind_alone():
    book = CostBook()
    await book.open({NAME: PRIOR, OTHER: PRIOR})
    happened = [Started(100.0), Slept(3.0)]
    await book.learn(NAME, happened)
    assert book.of(NAME) == PRIOR.after(happened[0]).after(happened[1])
    assert book.of(OTHER) == PRIOR


async def test_with_a_store_it_begins_with_what_others_have_learned_and_adds_to_that():
    known = PRIOR.after(Started(100.0))
    store = ToyStore({NAME: known})
    book = CostBook(store)
    await book.open({NAME: PRIOR})
    assert book.of(NAME) == known
    await book.learn(NAME, [Slept(3.0)])
    assert store.learned == [(NAME, [Slept(3.0)], known)]
    assert "from the store" in book.of(NAME).lengths
