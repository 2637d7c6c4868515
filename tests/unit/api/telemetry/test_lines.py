import logging

import pytest

from api.telemetry.lines import told
from tests.finished import finished


@pytest.mark.parametrize(("mode", "level"), [("plain", logging.INFO), ("batch", logging.DEBUG)])
def test_a_deliberation_is_one_line_that_says_who_was_asked(caplog, mode, level):
    caplog.set_level(logging.DEBUG, "api.telemetry.lines")
    told(finished(mode=mode))
    told(object())
    [record] = caplog.records
    assert (record.levelno, record.getMessage()) == (level, "answered by vote, asked ada,bob")
    assert (record.action, record.causes) == ("deliberation_finished", "timeout")
    assert (record.prompt_tokens, record.cost_usd) == (10, 0.5)
