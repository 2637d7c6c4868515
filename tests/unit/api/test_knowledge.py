"""What the operator says of panels becomes the policy `auto`."""

from api.knowledge import auto
from api.settings import PanelSettings
from orchestrator.lessons import UNTAUGHT


def test_nobody_is_exchanged_unless_the_operator_permits_a_loss():
    assert auto(PanelSettings(), UNTAUGHT).exchange == 0.0
    assert auto(PanelSettings(exchange=0.02), UNTAUGHT).exchange == 0.02
