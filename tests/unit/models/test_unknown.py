from gristmill.models.unknown import unknown_model, unknown_version


def test_the_nearest_name_is_offered_and_what_is_registered_named() -> None:
    error = unknown_model("chrun", ["churn", "fraud"])
    assert error.message == "there is no registered model 'chrun'"
    assert error.hint == "Did you mean 'churn'? Registered: churn, fraud; `gristmill models list` shows them."


def test_of_many_models_a_few_are_named() -> None:
    error = unknown_model("x", [f"model-{number}" for number in range(9)])
    assert "model-4, …" in (error.hint or "")


def test_without_any_model_it_is_said_what_makes_one() -> None:
    assert "gristmill models register" in (unknown_model("churn", []).hint or "")


def test_a_model_without_that_version_says_which_it_has() -> None:
    error = unknown_version("churn", "7", ["1", "2"])
    assert error.message == "model 'churn' has no version 7"
    assert error.hint == "It has 1, 2."
