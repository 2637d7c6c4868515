import logging

import pytest

from api.access import label
from tests.unit.api.scripted import ScriptedService, app_of, client_of


async def test_a_request_is_logged_once_under_our_id_with_the_callers_label(caplog):
    caplog.set_level(logging.INFO, "api.access")
    async with client_of(app_of(ScriptedService())) as client:
        response = await client.get("/v1/models", headers={"x-request-id": "trace-7"})
    [record] = [r for r in caplog.records if r.name == "api.access"]
    assert record.request == response.headers["x-request-id"] != "trace-7"
    assert (record.label, record.status) == ("trace-7", 200)


async def test_a_path_cannot_forge_a_log_line(caplog):
    caplog.set_level(logging.INFO, "api.access")
    async with client_of(app_of(ScriptedService())) as client:
        await client.get("/x%0aERROR%20all%20is%20lost")
    [record] = [r for r in caplog.records if r.name == "api.access"]
    assert "\n" not in record.getMessage()


@pytest.mark.parametrize("inbound", ["", "a b", "a\nb", "x" * 129, "é", "<script>"])
def test_an_unfit_label_is_dropped(inbound):
    assert label(inbound) is None
