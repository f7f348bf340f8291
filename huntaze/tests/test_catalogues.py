"""The French words of e-mails."""

import re

import pytest

from huntaze.tests.catalogues import SOURCES, compiled, load, po_file, words


@pytest.mark.parametrize("app", SOURCES)
def test_every_word_of_an_email_is_in_french(app):
    french = {message.id: message.string for message in load(app)}
    assert sorted({text for text, _path in words(app) if not french.get(text)}) == []


@pytest.mark.parametrize("app", SOURCES)
def test_french_says_the_same_values(app):
    values = re.compile(r"%\(\w+\)s")
    assert [message.id for message in load(app) if set(values.findall(message.id)) != set(values.findall(message.string))] == []


@pytest.mark.parametrize("app", SOURCES)
def test_compiled_catalogue_is_current(app):
    assert po_file(app).with_suffix(".mo").read_bytes() == compiled(load(app))
