"""Random registry histories: ambiguous names, gaps, missing prices and versions."""

from random import Random

from tests.model.naive_registry_join import Row

PROVIDERS = ("anthropic", "openai", "azure", "acme", None)


def registry_history(
    random: Random, names: tuple[str, ...], begins: int, step: int, providers: tuple[str | None, ...] = PROVIDERS
) -> list[Row]:
    """Return the terms of some models from ``names``, in the order of time.

    Times are multiples of ``step`` ms.
    """
    rows = []
    for model_id in random.sample(names, random.randint(1, len(names))):
        provider = random.choice(providers)
        aliases = tuple(random.sample(names, random.randint(0, 2)))
        times = sorted({begins + step * random.randint(-2, 10) for _ in range(random.randint(1, 5))})
        ends = [*times[1:], random.choice((None, times[-1] + step))]
        for since, until in zip(times, ends, strict=True):
            version, window = random.choice((None, "1", "2", f"at {since}")), random.choice((None, 8_000, 200_000))
            rows.append(Row(model_id, provider, aliases, since, until, version, window, _prices(random)))
    return sorted(rows, key=lambda row: row.since)


def _prices(random: Random) -> tuple[str | None, str | None, str | None, str | None]:
    def price() -> str:
        return f"{random.randint(0, 10**9) / 10**10:.10f}"

    if random.random() < 0.1:
        return None, None, None, None
    return price(), random.choice((None, price())), random.choice((None, price())), random.choice((None, "0", price()))
