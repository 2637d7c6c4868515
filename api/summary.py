"""What a response's headers say of a verdict, for those who do not read its story."""

from orchestrator.types import Verdict


def summary(verdict: Verdict, seconds: float) -> dict[str, str]:
    """The headers of a response that took `seconds`. Overhead is what of it was not spent waiting
    for experts; dollars are told where a price is known."""
    asked = dict.fromkeys(reply.expert for reply in verdict.replies)  # in order, each once
    names = ",".join(asked).encode("ascii", "replace").decode()
    overhead = max(0.0, seconds - verdict.timings.panel - verdict.timings.aggregate)
    headers = {
        "x-convene-experts": names,
        "x-convene-calls": str(verdict.calls),
        "x-convene-overhead-ms": f"{1000 * overhead:.1f}",
    }
    if verdict.usage.cost_usd is not None:
        headers["x-convene-cost-usd"] = f"{verdict.usage.cost_usd:.8f}"
    return headers
