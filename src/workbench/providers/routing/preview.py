"""What the router would do with a request that came now, without doing it."""

from __future__ import annotations

from workbench.config.values import Configuration
from workbench.providers.health.values import RouteNow, RouteStep
from workbench.providers.resilience.admission import Admission, Full
from workbench.providers.routing.router import Router
from workbench.providers.values import AnswerRequest


class RoutePreview:
    """Looks along the way of a short request; takes no turn, no place and no probe."""

    def __init__(self, router: Router, admission: Admission) -> None:
        """The router and the admission that requests go through."""
        self._router = router
        self._admission = admission

    async def preview(
        self,
        configuration: Configuration,
        *,
        pinned_provider: str | None = None,
        pinned_model: str | None = None,
        private: bool = False,
    ) -> RouteNow:
        """Those that would be asked, first choice first, then those that would be passed over, each with its reason."""
        settings = configuration.settings
        request = AnswerRequest(
            turn_id="",
            conversation_id=None,
            message_id=None,
            messages=(),
            providers=configuration.providers,
            strategy=settings.fallback_strategy,
            default_provider=settings.default_provider,
            pinned_provider=pinned_provider,
            pinned_model=pinned_model,
            private=private,
        )
        route, _ = await self._router.route(request, take_turn=False)
        asked: list[RouteStep] = []
        passed_over: list[RouteStep] = []
        for candidate in route.candidates:
            found = self._admission.look(candidate)
            step = RouteStep(provider=candidate.provider.name, model=candidate.model, reason=candidate.why)
            if found is None:
                asked.append(step)
            else:
                when = ""
                if isinstance(found, Full) and found.ready_in_s is not None:
                    when = f", free in {found.ready_in_s:.0f} s"
                passed_over.append(
                    RouteStep(
                        provider=step.provider,
                        model=step.model,
                        reason=found.reason + when,
                        skipped=True,
                        full=isinstance(found, Full),
                    )
                )
        passed_over += [
            RouteStep(provider=left.provider, model=left.model, reason=left.reason, skipped=True)
            for left in route.skipped
        ]
        return RouteNow(strategy=route.strategy, steps=(*asked, *passed_over))
