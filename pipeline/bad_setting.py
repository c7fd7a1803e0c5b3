"""The one error for a variable of the job that says what it may not."""


class BadSetting(Exception):
    """A variable of the job has a value that is not allowed; the message says which are."""
