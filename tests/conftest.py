"""Names the fixtures; they live in tests/support/plugins, a file for each kind of thing."""

pytest_plugins = (
    "tests.support.plugins.network",
    "tests.support.plugins.database",
    "tests.support.plugins.mail",
    "tests.support.plugins.processes",
    "tests.support.plugins.browser",
    "tests.support.plugins.paper",
    "tests.support.plugins.properties",
)
