import pytest

from tests.serving_kit.store import Models, model_store


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Models:
    return model_store(tmp_path_factory.mktemp("models"))
