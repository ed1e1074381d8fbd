"""Start a project as Docker Compose does."""

from __future__ import annotations

from pytest_distaudit.targets import log
from pytest_distaudit.targets.containers.description import Described, written
from pytest_distaudit.targets.containers.project import Launch
from pytest_distaudit.targets.recipe import Command, StartFailed


def up(project: Described, launch: Launch) -> str:
    """Run Compose; "" or its last words, when it failed: what has started goes on all the same."""
    from testcontainers.compose import DockerCompose

    file, output = written(project, launch.ground), launch.ground / "compose.log"
    words = DockerCompose(file.parent, file.name).docker_compose_command()
    try:
        launch.yard.run(Command((*words, "up", "--detach"), file.parent, launch.environ), output, launch.limit_s)
    except StartFailed as failure:
        return ": ".join([str(failure), *log.tail(output, project.secrets).splitlines()[-1:]])
    return ""
