"""The price book: the registry's word where it has one, else the catalogue's."""

from workers.pipelines.telemetry.enrich import Card, Terms
from workers.pipelines.telemetry.history import History
from workers.pipelines.telemetry.prices import Catalogue


class RegistryBook:
    """Terms as of the call. Version, price and window each fall back by themselves: a registry may know but some."""

    def __init__(self, history: History, catalogue: Catalogue) -> None:
        self._history = history
        self._catalogue = catalogue

    def terms(self, provider: str, model_id: str, timestamp: int) -> Terms:
        """Return the registry's terms in force, and the catalogue's for what they leave open."""
        own = self._history.terms(provider, model_id, timestamp)
        if own is None:
            return self._catalogue.terms(provider, model_id, timestamp)
        if own.tariff is not None and own.context_window is not None:
            return own
        other = self._catalogue.terms(provider, model_id, timestamp)
        window = other.context_window if own.context_window is None else own.context_window
        if own.tariff is not None:
            return own._replace(context_window=window)
        return other._replace(context_window=window, version_id=own.version_id)

    def card(self, model_id: str) -> Card:
        """Return the catalogue's card: it is for stubs, the registry writes its Models itself."""
        return self._catalogue.card(model_id)
