"""The price book of the worker: the registry's terms, otherwise the catalogue's."""

from workers.pipelines.telemetry.prices.catalogue import Catalogue
from workers.pipelines.telemetry.prices.meaning import Meaning
from workers.pipelines.telemetry.prices.pricing import NO_PRICE, OTHER_CURRENCY, CatalogueEntry, PricingTerms
from workers.pipelines.telemetry.prices.registry_history import RegistryHistory


class RegistryPriceBook:
    """The terms of the registry, completed by the catalogue: price and window each fall back by themselves."""

    def __init__(self, history: RegistryHistory, catalogue: Catalogue) -> None:
        self._history = history
        self._catalogue = catalogue

    def terms(self, provider: str, model_id: str, timestamp: int, service_tier: str | None = None) -> PricingTerms:
        """Return the registry's terms in force at ``timestamp``, completed by the catalogue's.

        A price in another currency stays without cost: the catalogue's is not what is paid.
        """
        from_registry = self._history.terms(provider, model_id, timestamp, service_tier)
        if from_registry is None:
            return self._known(provider, model_id, self._catalogue.terms(provider, model_id, timestamp, service_tier))
        is_decided = from_registry.tariff is not None or from_registry.unpriced == OTHER_CURRENCY
        if is_decided and from_registry.context_window is not None:
            return from_registry
        from_catalogue = self._catalogue.terms(provider, model_id, timestamp, service_tier)
        window = from_catalogue.context_window if from_registry.context_window is None else from_registry.context_window
        if is_decided:
            return from_registry._replace(context_window=window)
        unpriced = NO_PRICE if from_catalogue.tariff is None else None
        return from_catalogue._replace(context_window=window, version_id=from_registry.version_id, unpriced=unpriced)

    def _known(self, provider: str, model_id: str, terms: PricingTerms) -> PricingTerms:
        """Return the terms; a model that the registry knows at another time only is not unknown."""
        if terms.tariff is None and self._history.find(provider, model_id) is not None:
            return terms._replace(unpriced=NO_PRICE)
        return terms

    def meaning(self, provider: str, model_id: str) -> Meaning:
        """Return the Models of the registry that a name of a provider means, by time."""
        return self._history.meaning(provider, model_id)

    def used_model(self, provider: str, model_id: str, timestamp: int) -> str:
        """Return the model_id of the Model that a call uses."""
        return self._history.meaning(provider, model_id).used_model(timestamp)

    def entry(self, model_id: str) -> CatalogueEntry:
        """Return the catalogue's entry, for stubs: the registry worker writes its Models itself."""
        return self._catalogue.entry(model_id)
