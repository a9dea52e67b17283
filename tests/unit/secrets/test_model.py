"""What can be a secret, and what a run may be granted."""

import pytest
from gristmill_kernels import environment

from gristmill.core.errors import InvalidInputError
from gristmill.secrets.model import GrantedSecret, SecretGrant, SecretValue, check_grants, check_name, check_value

NAMES = "letters, digits and '_', at most 63, not beginning with a digit"
KNOWN = ("DB_PASSWORD", "OPENAI_KEY")


def faults(*grants: SecretGrant, used: tuple[str, ...] = ()) -> list[str]:
    with pytest.raises(InvalidInputError) as caught:
        check_grants(grants, known=KNOWN, used=used)
    return [fault.message for fault in caught.value.faults]


@pytest.mark.parametrize("name", ["", "1ST", "A-B", "A B", "x" * 64, "ключ", "A\n"])
def test_a_name_could_be_an_environment_variables(name: str) -> None:
    with pytest.raises(InvalidInputError, match="cannot name a secret"):
        check_name(name)


@pytest.mark.parametrize("value", ["", "abc", "  abc  ", "abc\0defg", "abcd\ud800", "x" * 40_000])
def test_a_value_that_cannot_be_masked_or_kept_is_refused_and_not_repeated(value: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        check_value("TOKEN", value)
    assert caught.value.hint
    assert value.strip() == "" or value not in f"{caught.value} {caught.value.hint}"


def test_why_a_short_value_is_refused_is_said() -> None:
    with pytest.raises(InvalidInputError) as caught:
        check_value("PIN", "123")
    assert str(caught.value) == "the value of PIN has 3 characters: expected at least 4"
    assert "masked wherever it shows" in str(caught.value.hint)


def test_grants_that_hold_are_answered_as_they_were_given() -> None:
    grants = (SecretGrant(name="OPENAI_KEY", env="KEY"), SecretGrant(name="DB_PASSWORD"))
    assert check_grants(grants, known=KNOWN, used=["DB_PASSWORD"]) == grants


def test_every_fault_is_named_at_once_with_what_may_have_been_meant() -> None:
    grants = (
        SecretGrant(name="OPENAI_KEI"),
        SecretGrant(name="DB_PASSWORD", env="PATH"),
        SecretGrant(name="DB_PASSWORD", env="1x"),
    )
    with pytest.raises(InvalidInputError) as caught:
        check_grants(grants, known=KNOWN, used=["OPENAI_KEY", "UNHEARD_OF"])
    assert [fault.message for fault in caught.value.faults] == [
        "there is no secret 'OPENAI_KEI'",
        "the notebook asks for the secret OPENAI_KEY, which is not granted to the run",
        "there is no secret 'UNHEARD_OF'",
        "the environment variable PATH is not for a secret: kernels need it as it is",
        f"'1x' cannot name an environment variable: expected {NAMES}",
        "secrets: DB_PASSWORD is given twice",
    ]
    assert str(caught.value.faults[0].hint).startswith("Did you mean 'OPENAI_KEY'?")
    assert "--secret OPENAI_KEY" in str(caught.value.faults[1].hint)


TAKEN = [
    "BASH_ENV",
    "CUDA_VISIBLE_DEVICES",
    "GRISTMILL_TOKEN",
    "HOME",
    "IPYTHONDIR",
    "JUPYTER_TOKEN",
    "LD_PRELOAD",
    "MLFLOW_TRACKING_URI",
    "OMP_NUM_THREADS",
    "PYTHONPATH",
    "SSL_CERT_FILE",
]


@pytest.mark.parametrize("env", TAKEN)
def test_a_secret_does_not_take_the_place_of_what_a_kernel_needs(env: str) -> None:
    assert faults(SecretGrant(name="OPENAI_KEY", env=env)) == [
        f"the environment variable {env} is not for a secret: kernels need it as it is"
    ]


def test_a_zygote_that_others_share_is_started_with_no_secret() -> None:
    names = [*environment._AT_START, *environment._AT_START_AS_NAMED, *environment._PLAIN]
    for name in names:
        env = f"{name}X" if name.endswith("_") else name
        assert faults(SecretGrant(name="OPENAI_KEY", env=env)), env


@pytest.mark.parametrize("env", ["LANGCHAIN_API_KEY", "NVIDIA_API_KEY", "HTTPS_PROXY", "USERNAME", "ENVIRONMENT_KEY"])
def test_what_only_begins_like_such_a_variable_can_hold_a_secret(env: str) -> None:
    grants = (SecretGrant(name="OPENAI_KEY", env=env),)
    assert check_grants(grants, known=KNOWN, used=()) == grants


def test_two_secrets_do_not_share_a_variable() -> None:
    grants = (SecretGrant(name="OPENAI_KEY", env="KEY"), SecretGrant(name="DB_PASSWORD", env="KEY"))
    assert faults(*grants) == ["environment variable: KEY is given twice"]


def test_no_representation_shows_a_value() -> None:
    assert "hush" not in repr([SecretValue(value="hush"), GrantedSecret(name="TOKEN", value="hush")])
