"""What components get of CI's identities, and what stands by default."""

from commonground import settings
from commonground.settings.environment import DeliverySettings
from tests.settings.conftest import Sound


def delivery(sound: Sound) -> DeliverySettings:
    found = sound.resolve().delivery
    assert found is not None
    return found


def test_github_signs_for_aws(sound: Sound) -> None:
    found = delivery(sound)
    assert (found.host, found.audience, found.provider_arn) == ("token.actions.githubusercontent.com", "sts.amazonaws.com", None)
    assert (found.environment, found.account, found.ci_environment) == ("dev", "482915730164", "production:eu")
    assert found.deployer_arn == "arn:aws:iam::482915730164:role/commonground-deploy"
    assert found.state is not None
    assert (found.state.bucket, found.state.key_arn) == ("acme-state", "arn:aws:kms:eu-central-1:482915730164:key/0f1e2d3c-0000-0000-0000-000000000000")


def gitlab(sound: Sound, more: str = "") -> None:
    """GitLab in GitHub's place, with these lines more."""
    for line in ("  owner_id: 123456\n", "  repository_id: 456789\n", "  environment: ci_environment\n"):
        sound.edit("blueprint.yaml", line, "")
    sound.edit("blueprint.yaml", "system: github\n", f"system: gitlab\n{more}")
    sound.edit("blueprint.yaml", "acme/platform", "acme/infra/platform")


def test_gitlabs_audience_is_its_own_address_unless_the_jobs_say_another(sound: Sound) -> None:
    gitlab(sound)
    assert (delivery(sound).host, delivery(sound).audience) == ("gitlab.com", "https://gitlab.com")
    sound.edit("blueprint.yaml", "system: gitlab\n", "system: gitlab\n  host: gitlab.acme.io\n")
    assert (delivery(sound).host, delivery(sound).audience) == ("gitlab.acme.io", "https://gitlab.acme.io")
    sound.edit("blueprint.yaml", "system: gitlab\n", "system: gitlab\n  audience: sts.amazonaws.com\n")
    assert delivery(sound).audience == "sts.amazonaws.com"


def test_a_second_environment_of_an_account_binds_the_firsts_provider(sound: Sound) -> None:
    arn = "arn:aws:iam::482915730164:oidc-provider/token.actions.githubusercontent.com"
    sound.edit("Pulumi.dev.yaml", "ci_provider: here", f"ci_provider: {arn}")
    assert delivery(sound).provider_arn == arn


def test_without_pipelines_nothing_is_bound(sound: Sound) -> None:
    blueprint = (sound.folder / "blueprint.yaml").read_text()
    (sound.folder / "blueprint.yaml").write_text(blueprint.partition("\ndelivery:")[0] + "\nmetrics:" + blueprint.partition("\nmetrics:")[2])
    assert sound.resolve().delivery is None


def test_the_placeholder_repository_is_taken_offline_only(sound: Sound) -> None:
    sound.edit("blueprint.yaml", "acme/platform", "your-organization/your-repository")
    assert sound.check(offline=True) == []
    (mistake,) = sound.check()
    assert mistake.key == "delivery.repository"
    assert "--offline" in mistake.fix
    assert "remove `delivery`" in settings.render([mistake])
