"""The price book of the worker: the registry's terms, otherwise the catalogue's."""

from workers.pipelines.telemetry.prices.catalogue import Catalogue
from workers.pipelines.telemetry.prices.pricing import CatalogueEntry, PricingTerms
from workers.pipelines.telemetry.prices.registry_history import RegistryHistory


class RegistryPriceBook:
    """The terms of the registry, completed by the catalogue: price and window each fall back by themselves."""

    def __init__(self, history: RegistryHistory, catalogue: Catalogue) -> None:
        self._history = history
        self._catalogue = catalogue

    def terms(self, provider: str, model_id: str, timestamp: int) -> PricingTerms:
        """Return the registry's terms in force at ``timestamp``, completed by the catalogue's."""
        from_registry = self._history.terms(provider, model_id, timestamp)
        if from_registry is None:
            return self._catalogue.terms(provider, model_id, timestamp)
        if from_registry.tariff is not None and from_registry.context_window is not None:
            return from_registry
        from_catalogue = self._catalogue.terms(provider, model_id, timestamp)
        window = from_catalogue.context_window if from_registry.context_window is None else from_registry.context_window
        if from_registry.tariff is not None:
            return from_registry._replace(context_window=window)
        return from_catalogue._replace(context_window=window, version_id=from_registry.version_id)

    def why_unpriced(self, provider: str, model_id: str, timestamp: int) -> str | None:
        """Return why a call has no price: ``unknown_model``, or ``no_price`` of a known one; ``None`` if it has one."""
        if self.terms(provider, model_id, timestamp).tariff is not None:
            return None
        known = self._history.find(provider, model_id) or self._catalogue.named(provider, model_id)
        return "no_price" if known else "unknown_model"

    def entry(self, model_id: str) -> CatalogueEntry:
        """Return the catalogue's entry, for stubs: the registry worker writes its Models itself."""
        return self._catalogue.entry(model_id)
