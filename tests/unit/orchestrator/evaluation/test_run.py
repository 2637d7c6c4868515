"""Evaluation against numbers worked out by hand."""

from dataclasses import replace

import pytest

from experts.recordings import RecordedReply
from orchestrator.agreement import Mathematics, MeaningComparer
from orchestrator.evaluation import Splits, evaluate
from orchestrator.grading import as_evidence
from orchestrator.policies import POLICIES
from tests.encoders import BagOfWords
from tests.recordings import recorded, scored

# ada is right about colours, ben about sums; cleo never is
KNOWN = [
    *[recorded(f"colour number {i}", "red", "validation", "colour", ada="red", ben="blue",
               cleo="grey") for i in range(9)],
    *[recorded(f"sum of {i}", "7", "validation", "sum", ada="8", ben="7", cleo="9")
      for i in range(9)],
]  # fmt: skip
TEST = [
    recorded("colour of the sky", "blue", category="colour", ada="blue", ben="red", cleo="red"),
    recorded("colour of snow", "white", category="colour", ada="white", ben="white", cleo="red"),
    recorded("sum of three and four", "7", category="sum", ada="6", ben="7", cleo="7"),
    recorded("sum of two and two", "4", category="sum", ada="5", ben="6", cleo="3"),
]


async def report_of(recordings, *policies, evidence=None, hold_out=(), **more):
    found = {r.split for r in recordings} & {"validation"} if evidence is None else evidence
    splits = Splits.of(recordings, tuple(found), hold_out)
    chosen = {name: POLICIES[name] for name in policies}
    return await evaluate(splits, chosen, BagOfWords(), **more)


async def test_every_policy_is_measured_on_the_test_questions():
    report = await report_of([*KNOWN, *TEST], "single", "best-single", "everyone", "auto")
    single, best, everyone = (
        report.policies[name] for name in ("single", "best-single", "everyone")
    )
    assert (single.accuracy, single.calls, single.questions) == (0.75, 1.0, 4)
    assert (best.accuracy, best.calls) == (0.5, 1.0)
    assert everyone.calls == 3.0
    assert report.experts == {"ada": 0.5, "ben": 0.5, "cleo": 0.25}
    assert (report.best_single, report.oracle, report.skipped) == (0.5, 0.75, 0)
    assert 1.0 <= report.policies["auto"].calls <= 3.0


async def test_the_interval_is_wilsons():
    report = await report_of([*KNOWN, *TEST], "single")
    # p = 3/4, n = 4: (3/4 + 3.8416/8 +- 1.96 sqrt(3/64 + 3.8416/64)) / 1.9604
    assert report.policies["single"].ci95 == pytest.approx((0.3006, 0.9544), abs=1e-4)


async def test_costs_are_dollars_per_question_of_the_replies_asked_for():
    dear, cheap = RecordedReply("7", cost_usd=0.5), RecordedReply("7", cost_usd=0.25)
    questions = [recorded(f"sum {i}", "7", ada=dear, ben=cheap) for i in range(4)]
    report = await report_of(questions, "everyone", "single")
    assert report.policies["everyone"].cost_usd == 0.75
    assert report.policies["single"].cost_usd == 0.5  # ada: no evidence, first by name


async def test_a_cost_that_is_not_known_of_every_reply_is_not_known():
    half = recorded("q", "7", ada=RecordedReply("7", cost_usd=0.5), ben="7")
    assert (await report_of([half], "everyone")).policies["everyone"].cost_usd is None


async def test_an_expert_missing_from_a_question_is_a_failed_call_that_costs_nothing():
    dear = RecordedReply("7", cost_usd=0.5)
    both = [recorded("q", "7", ada=dear, ben=dear), recorded("r", "7", ben=dear)]
    report = await report_of(both, "everyone", "single")
    assert (report.policies["everyone"].calls, report.policies["everyone"].cost_usd) == (2.0, 0.75)
    assert report.policies["single"].accuracy == 0.5  # ada has no second reply
    assert report.experts == {"ada": 0.5, "ben": 1.0}


async def test_files_of_scores_alone_can_be_evaluated():
    known = [scored(f"sum {i}", "validation", "sum", ada=1.0, ben=0.0) for i in range(9)]
    test = [scored("sum a", ada=1.0, ben=0.0), scored("sum b", ada=0.5, ben=1.0)]
    report = await report_of([*known, *test], "single", "vote")
    assert report.policies["single"].accuracy == 0.75
    assert report.policies["vote"].accuracy == 0.75
    assert (report.best_single, report.oracle) == (0.75, 1.0)


async def test_unread_answers_are_wrong():
    report = await report_of([recorded("q", "7", ada=None, ben=None)], "everyone", "single")
    assert {result.accuracy for result in report.policies.values()} == {0.0}
    assert report.oracle == 0.0


async def test_questions_that_cannot_be_graded_are_skipped_and_counted():
    report = await report_of([*TEST, recorded("q", None, ada="7"), recorded("r", "7")], "single")
    assert (report.policies["single"].questions, report.skipped) == (4, 2)


@pytest.mark.parametrize("policy", POLICIES)
async def test_without_a_validation_split_every_policy_still_works(policy):
    report = await report_of(TEST, policy)
    assert 0 <= report.policies[policy].accuracy <= 1


async def test_the_right_answers_of_the_test_never_change_what_is_asked():
    turned = [replace(question, gold="something else") for question in TEST]
    names = [name for name in POLICIES if name != "synthesize"]
    one, other = [await report_of([*KNOWN, *test], *names) for test in (TEST, turned)]
    for name in names:
        assert one.policies[name].calls == other.policies[name].calls
    assert other.oracle == 0.0


async def test_evidence_is_of_the_chosen_splits_only():
    extra = [replace(question, split="extra") for question in KNOWN]
    without = await report_of([*extra, *TEST], "single")
    chosen = await report_of([*extra, *TEST], "single", evidence=("extra",))
    assert without.policies["single"].accuracy == 0.5
    assert chosen.policies["single"].accuracy == 0.75


async def test_progress_is_told():
    told = []
    splits = Splits.of([*KNOWN, *TEST], ["validation"])
    policies = {"vote": POLICIES["vote"]}
    await evaluate(splits, policies, BagOfWords(), lambda *step: told.append(step))
    assert told == [
        ("embedding questions", 0, 1),
        ("embedding questions", 1, 1),
        ("replaying policies", 1, 1),
    ]


async def test_the_report_is_plain_data():
    told = (await report_of([*KNOWN, *TEST], "single")).as_json()
    assert told["policies"]["single"]["accuracy"] == 0.75
    assert (told["best_single"], told["best_single_expert"]) == (0.5, "ada")


def test_a_recording_as_evidence_leaves_out_what_cannot_be_graded():
    half = recorded("q", None, ada=RecordedReply("7", 0.5), ben="7")
    assert as_evidence(half).scores == (("ada", 0.5),)


async def test_gains_are_over_the_best_single_by_evidence():
    report = await report_of([*KNOWN, *TEST], "single", "best-single", "everyone")
    assert report.chosen_single == "ada"
    assert report.policies["single"].gain.difference == 0.25
    assert report.policies["best-single"].gain.p_value == 1.0
    assert report.policies["single"].matched
    assert not report.policies["everyone"].matched


async def test_a_frontier_compares_with_every_reference_router():
    frontier = (await report_of([*KNOWN, *TEST], "auto", with_frontier=True)).frontier
    assert frontier.dollars is None
    names = [method.name for method in frontier.methods]
    assert names[0] == "auto"
    assert {
        "random", "an expert alone", "best single", "fixed top-k vote", "skill top-k vote", "kNN",
        "clusters", "matrix factorisation", "naive Bayes vote", "symbolic-moe",
        "symbolic-moe, deterministic", "everyone votes", "category oracle", "oracle",
    } <= set(names)  # fmt: skip
    for method in frontier.methods[1:]:
        assert frontier.calls.of(method.name, 5.0) is not None, method.name
    assert frontier.calls.of("oracle", 1.0).accuracy == 0.75
    assert frontier.calls.of("everyone votes", 1.0) is None  # out of reach at one call
    for match in frontier.calls.matches:
        assert match.ours.difference == pytest.approx(
            frontier.calls.ours[match.budget] - match.accuracy
        )


async def test_the_frontier_is_in_dollars_too_where_every_price_is_known():
    priced = [
        replace(r, replies={e: replace(reply, cost_usd=0.5) for e, reply in r.replies.items()})
        for r in (*KNOWN, *TEST)
    ]
    frontier = (await report_of(priced, "auto", with_frontier=True)).frontier
    assert frontier.dollars.unit == "dollars"
    assert 0.5 in frontier.dollars.budgets  # what the best single costs
    assert frontier.dollars.of("best single", 0.5).accuracy == 0.5
    assert frontier.dollars.of("best single", 0.25) is None


async def test_the_same_file_gives_the_same_figures():
    one, again = [
        await report_of([*KNOWN, *TEST], "auto", "symbolic-moe", with_frontier=True)
        for _ in range(2)
    ]
    assert one == again


async def test_held_out_categories_are_answered_without_evidence_of_them():
    report = await report_of([*KNOWN, *TEST], "single", hold_out=["each"])
    assert (report.questions, report.evidence, report.held_out) == (4, 9, ("each",))
    # knowing sums alone, ben is asked about colours: one of two; knowing colours, ada adds wrongly
    assert report.policies["single"].accuracy == 0.25
    framed = await report_of([*KNOWN, *TEST], "auto", hold_out=["sum"], with_frontier=True)
    assert (framed.questions, framed.evidence) == (2, 9)
    assert [category.name for category in framed.categories] == ["sum"]


async def test_categories_tell_where_routing_can_pay():
    report = await report_of([*KNOWN, *TEST], "single")
    sums = next(category for category in report.categories if category.name == "sum")
    assert (sums.best_single, sums.best_here, sums.oracle) == (0.0, 0.5, 0.5)
    assert sums.policies == {"single": 0.5}
    assert report.categories[0] == sums  # the widest gap first


async def test_the_heatmap_and_the_similarity_are_of_the_test():
    report = await report_of([*KNOWN, *TEST], "single")
    assert report.heatmap.columns == ("colour", "sum")
    cells = dict(zip(report.heatmap.rows, report.heatmap.values, strict=True))
    assert cells == {"ada": (1.0, 0.0), "ben": (0.5, 0.5), "cleo": (0.0, 0.5)}
    alike = report.similarity.values
    assert all(alike[i][i] == pytest.approx(1.0) for i in range(3))
    # scores 1100, 0110, 0010 in order of rows
    assert alike[0][1] == pytest.approx(0.0)


async def test_evidence_is_encoded_once_for_all_folds():
    encoder = BagOfWords()
    splits = Splits.of([*KNOWN, *TEST], ["validation"], ["each"])
    await evaluate(splits, {"single": POLICIES["single"]}, encoder)
    assert [len(batch) for batch in encoder.encoded] == [18, 4]


async def test_prose_that_means_the_same_is_counted_as_one_where_there_is_a_comparer():
    tilt = "it is caused by the tilt of the axis of the earth"
    told = {"ada": "it is the distance to the sun", "ben": tilt, "cleo": f"{tilt} alone"}
    right = dict.fromkeys(told, "red")
    known = [recorded(f"colour {i}", "red", "validation", "colour", **right) for i in range(9)]
    splits = Splits.of([*known, recorded("cause of winter", tilt, **told)], ["validation"])
    policies, encoder = {"everyone": POLICIES["everyone"]}, BagOfWords()
    async with Mathematics() as mathematics:
        comparer = MeaningComparer(encoder, mathematics)
        alone = await evaluate(splits, policies, encoder)
        compared = await evaluate(splits, policies, encoder, comparer=comparer)
    assert alone.policies["everyone"].accuracy == 0.0
    assert compared.policies["everyone"].accuracy == 1.0
