"""The manifests are valid, and keep what they promise: no vain retry, no rights, no lost journal."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]
import pytest

from config.loading import load
from sync.report import Exit
from tests.deploy.files import DEPLOY, ROOT, document, documents

FOLDER = DEPLOY / "kubernetes"
FILES = sorted(path for path in FOLDER.glob("*.yaml") if path.name != "kustomization.yaml")
RETRIED = {Exit.FAILED, Exit.TERMINATED, Exit.INTERRUPTED}
"""What may be tried again: it was away, or it was stopped."""
NEVER = {Exit.OK, Exit.PENDING}
"""What does not fail a pod, or does not come from `sync`."""


@pytest.fixture
def cron_job() -> Any:
    return document(FOLDER / "cronjob.yaml")


@pytest.fixture
def job(cron_job: Any) -> Any:
    return cron_job["spec"]["jobTemplate"]["spec"]


@pytest.fixture
def pod(job: Any) -> Any:
    return job["template"]["spec"]


@pytest.fixture
def container(pod: Any) -> Any:
    (only,) = pod["containers"]
    return only


def resources() -> dict[tuple[str, str], Any]:
    """Every resource by its kind and name."""
    found = [resource for file in FILES for resource in documents(file)]
    return {(resource["kind"], resource["metadata"]["name"]): resource for resource in found}


@pytest.mark.parametrize("version", ["1.31", kubernetes_validate.latest_version()])
def test_every_resource_is_valid_from_the_version_on_whose_failure_policies_are_stable(version: str) -> None:
    for resource in resources().values():
        kubernetes_validate.validate(resource, version, strict=True)


def test_a_resource_with_a_misspelt_field_would_be_refused(cron_job: Any) -> None:
    cron_job["spec"]["concurencyPolicy"] = "Forbid"

    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(cron_job, "1.31", strict=True)


def test_each_exit_code_that_would_only_come_again_fails_the_job_at_once(job: Any) -> None:
    ignored, failing = job["podFailurePolicy"]["rules"]

    assert failing["action"] == "FailJob"
    assert failing["onExitCodes"]["operator"] == "In"
    assert failing["onExitCodes"]["containerName"] == job["template"]["spec"]["containers"][0]["name"]
    assert set(failing["onExitCodes"]["values"]) == set(Exit) - RETRIED - NEVER
    assert ignored["action"] == "Ignore"  # before the others: a pod of a drained node ends with 143
    assert ignored["onPodConditions"] == [{"type": "DisruptionTarget", "status": "True"}]


def test_what_may_get_better_is_tried_again_in_another_pod_and_not_for_ever(job: Any, pod: Any) -> None:
    assert pod["restartPolicy"] == "Never"
    assert 0 < job["backoffLimit"] < 6
    assert 0 < job["activeDeadlineSeconds"] < 2 * 3600  # the start after the next comes then


def test_one_run_at_a_time_and_a_missed_start_is_not_made_up_for_long(cron_job: Any) -> None:
    spec = cron_job["spec"]

    assert spec["concurrencyPolicy"] == "Forbid"
    assert spec["startingDeadlineSeconds"] == 600
    assert spec["timeZone"] == "Etc/UTC"


def test_the_container_has_no_rights_that_it_does_not_need(pod: Any, container: Any) -> None:
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert not {"hostNetwork", "hostPID", "hostIPC", "initContainers"} & set(pod)


def test_no_service_of_the_cluster_gets_among_the_settings(pod: Any) -> None:
    assert pod["enableServiceLinks"] is False


def test_it_runs_as_the_user_of_the_image(pod: Any) -> None:
    context = pod["securityContext"]

    user = f"USER {context['runAsUser']}:{context['runAsGroup']}"

    assert user in (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    assert context["fsGroup"] == context["runAsGroup"]


def test_a_run_that_is_told_to_stop_has_time_to(pod: Any) -> None:
    assert pod["terminationGracePeriodSeconds"] >= 10  # it takes 5 at most: functional/test_signals.py


def test_the_state_is_on_a_volume_that_outlives_every_pod(pod: Any, container: Any) -> None:
    (state,) = [setting["value"] for setting in container["env"] if setting["name"] == "SYNC_STATE_DIR"]
    (mount,) = [mount for mount in container["volumeMounts"] if mount["mountPath"] == state]
    (volume,) = [volume for volume in pod["volumes"] if volume["name"] == mount["name"]]

    assert ("PersistentVolumeClaim", volume["persistentVolumeClaim"]["claimName"]) in resources()
    assert not mount.get("readOnly")
    assert not mount.get("subPath")


def test_no_secret_is_in_a_manifest_or_an_environment(container: Any) -> None:
    settings = resources()["ConfigMap", "auth0-sql-sync"]["data"]

    assert not any(kind == "Secret" for kind, _ in resources())
    assert not {name for name in settings if "SECRET" in name or "PASSWORD" in name or name == "USERS_DB_URL"}
    assert all("value" in setting for setting in container["env"])
    assert [source for source in container["envFrom"] if "secretRef" in source] == []


def test_the_settings_the_query_and_the_secrets_are_what_the_job_reads(container: Any, tmp_path: Path) -> None:
    maps = resources()
    query = tmp_path / "query.sql"
    query.write_text(maps["ConfigMap", "auth0-sql-sync-query"]["data"]["query.sql"], encoding="utf-8")
    files = {mount["mountPath"] for mount in container["volumeMounts"] if mount["mountPath"].startswith("/run/secrets")}
    for file in files:
        (tmp_path / Path(file).name).write_text("hunter2\n")
    environ = {**maps["ConfigMap", "auth0-sql-sync"]["data"], "USERS_DB_QUERY_FILE": str(query)}

    settings = load(environ, secrets_dir=tmp_path)

    assert settings.auth0_client_secret.get_secret_value() == "hunter2"
    assert settings.mssql_password is not None
    assert settings.mssql_password.get_secret_value() == "hunter2"
    assert settings.users_db_query is not None
    assert "FROM dbo.employees" in settings.users_db_query


def test_the_query_file_is_where_the_settings_say(container: Any) -> None:
    (file,) = [Path(setting["value"]) for setting in container["env"] if setting["name"] == "USERS_DB_QUERY_FILE"]

    assert str(file.parent) in {mount["mountPath"] for mount in container["volumeMounts"]}
    assert file.name in resources()["ConfigMap", "auth0-sql-sync-query"]["data"]


def test_the_secrets_leave_room_for_the_token_of_an_identity(container: Any) -> None:
    secrets = [mount for mount in container["volumeMounts"] if mount["name"] == "secrets"]

    assert all(mount["subPath"] == Path(mount["mountPath"]).name for mount in secrets)
    assert "/run/secrets" not in {mount["mountPath"] for mount in secrets}


def test_kustomize_takes_all_of_it() -> None:
    kubectl = shutil.which("kubectl")
    if not kubectl:
        pytest.skip("NOT TESTED WITH kubectl: it is not installed here")

    built = subprocess.run([kubectl, "kustomize", str(FOLDER)], capture_output=True, text=True, check=True).stdout

    assert built.count("\nkind: ") + built.startswith("kind: ") == len(resources())


def test_kustomize_is_told_of_every_file() -> None:
    assert sorted(document(FOLDER / "kustomization.yaml")["resources"]) == [path.name for path in FILES]
