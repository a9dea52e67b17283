from gristmill.core.errors import GristmillError


class DataRootError(GristmillError):
    """A run cannot have its data."""

    code = "data_root"
    title = "The data is not to be had"
