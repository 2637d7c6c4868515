import subprocess
import sys

import pytest

from api.telemetry.exporting import exporting


@pytest.mark.parametrize(
    "environ",
    [{}, {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:1", "OTEL_SDK_DISABLED": "true"}],
    ids=["no endpoint", "disabled"],
)
def test_nobody_exports_unless_the_environment_says_where_to(environ):
    with exporting({}, environ) as exporters:
        assert exporters == []


def test_without_an_endpoint_no_exporter_is_loaded():
    code = (
        "import sys, api.app; from api.telemetry.exporting import exporting\n"
        "with exporting({}, {}): print('opentelemetry.exporter' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"
