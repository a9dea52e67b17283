from gristmill.client.pack.largest import largest


def test_the_folder_that_holds_nearly_all_is_named_as_deep_as_it_does() -> None:
    sizes = {f"data/raw/{index}.png": 1000 for index in range(1000)} | {"src/a.py": 10}
    assert largest(sizes) == ["data/raw/ (1,000 files, 1.0 MB)"]


def test_several_are_named_the_costliest_first() -> None:
    sizes = {f"few/{index}": 900_000 for index in range(100)} | {f"many/{index}": 1 for index in range(1000)}
    assert largest(sizes) == ["few/ (100 files, 90.0 MB)", "many/ (1,000 files, 0.0 MB)"]


def test_files_without_a_folder_are_named_themselves() -> None:
    assert largest({"a.csv": 900_000, "b.csv": 10}) == ["a.csv (0.9 MB)", "b.csv (0.0 MB)"]
