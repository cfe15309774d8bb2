"""Write the lock files. Run ``python -m workers.dev.stack.lock [SET …]`` after a change to a ``jgo.toml``."""

import sys
from pathlib import Path

from jgo.env import EnvironmentBuilder, EnvironmentSpec, LockFile, compute_spec_hash
from jgo.maven import Dependency, MavenContext

from workers.dev.stack.jars import JAR_SETS, maven, set_folder


def lock(folder: Path, context: MavenContext) -> LockFile:
    """Resolve ``folder/jgo.toml``; write every file with version and SHA-256 to ``folder/jgo.lock.toml``.

    Dependencies of an archive are not resolved: the archive contains them.
    """
    spec = EnvironmentSpec.load(folder / "jgo.toml")
    wanted = EnvironmentBuilder(context=context).spec_to_dependencies(spec)
    jars = [dependency for dependency in wanted if dependency.type == "jar"]
    files = [dependency for dependency in wanted if dependency.type != "jar"]
    if jars:
        inputs, transitive = context.resolver.resolve(jars)
        files += [*inputs, *(each for each in transitive if each.scope in {"compile", "runtime"})]
    unique: dict[object, Dependency] = {}
    for each in files:
        unique.setdefault(each.artifact.key, each)
    locked = LockFile.from_resolved_dependencies(
        list(unique.values()), environment_name=spec.name, spec_hash=compute_spec_hash(folder / "jgo.toml")
    )
    locked.save(folder / "jgo.lock.toml")
    return locked


def main(names: list[str]) -> None:
    """Lock the named jar sets, or all."""
    context = maven()
    for name in names or JAR_SETS:
        locked = lock(set_folder(name), context)
        sys.stdout.write(f"{name}: {len(locked.dependencies)} files\n")


if __name__ == "__main__":
    main(sys.argv[1:])
