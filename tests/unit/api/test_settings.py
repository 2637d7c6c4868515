"""The registry file as a whole: what does not go together is told where it stands."""

import pytest

from api.settings import load_settings
from experts.errors import RegistryError

EXPERTS = "experts:\n  ada: {kind: scripted, default: x}\n"
POLICY = "  vote: {kind: scripted, default: x}\n"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (EXPERTS + POLICY, ":3: experts.vote: is the name of a policy; give the expert another"),
        (
            EXPERTS + "routing:\n  seed: 1\n  tagger: bob\n",
            ":5: routing.tagger: 'bob' is not among the experts: ada",
        ),
        (
            EXPERTS + "panel: {aggregator: synthesize}\n",
            ":3: panel.aggregator: 'synthesize' needs an LLM: name one under 'aggregator:'",
        ),
    ],
    ids=["a policy's name", "an unknown tagger", "no aggregator"],
)
def test_what_does_not_go_together_is_told_with_its_line(tmp_path, text, complaint):
    path = tmp_path / "convene.yaml"
    path.write_text(text)
    with pytest.raises(RegistryError) as refused:
        load_settings(path)
    assert str(refused.value) == f"{path}{complaint}"
