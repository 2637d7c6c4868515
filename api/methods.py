"""Which methods a URL takes."""

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.routing import Match, Route


def allowed(request: Request) -> list[str]:
    """All of them; the framework names those of one route alone."""
    routes = [
        route
        for route in request.app.routes
        if isinstance(route, Route | APIRoute) and route.matches(request.scope)[0] is not Match.NONE
    ]
    return sorted({method for route in routes for method in route.methods or ()})
