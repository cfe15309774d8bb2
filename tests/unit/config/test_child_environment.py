from tests.unit.documentation.tables import leaves
from workers.config.child_environment import environment_for
from workers.config.settings import Settings
from workers.config.variables import is_secret, variable_of

SECRETS = {variable_of(leaf.path): leaf.path[0] for leaf in leaves(Settings) if is_secret(leaf.field)}


def test_it_has_the_secrets_of_its_servers_and_everything_that_is_no_secret() -> None:
    given = {
        **dict.fromkeys(SECRETS, "x"),
        **{f"{name}_FILE": "/x" for name in SECRETS},
        "VAULT_ADDR": "a",
        "PATH": "p",
    }
    kept = environment_for(["vault"], given)
    groups = {group for name, group in SECRETS.items() if name in kept or f"{name}_FILE" in kept}
    assert groups == {"kafka", "schema_registry", "neo4j", "vault"}
    assert (kept["VAULT_ADDR"], kept["PATH"]) == ("a", "p")
    assert {name for name, group in SECRETS.items() if group == "vault"} <= kept.keys()


def test_without_further_servers_it_has_none_of_their_secrets() -> None:
    kept = environment_for([], {"REGISTRY_API_TOKEN": "x", "REGISTRY_DATABASE_URL_FILE": "/x", "KAFKA_PASSWORD": "y"})
    assert kept == {"KAFKA_PASSWORD": "y"}
