"""Secrets at rest."""

import pytest
from django.db import connection
from django.test.utils import isolate_apps
from hypothesis import given
from hypothesis import strategies as st

from huntaze import crypto
from huntaze.crypto import CannotDecrypt, EncryptedTextField, Sealed
from huntaze.env import EnvError
from huntaze.models import Record

OLD = "old:" + "o" * 32
NEW = "new:" + "n" * 32


@pytest.fixture
def vaults(db):
    """Return a table with two encrypted columns."""
    with isolate_apps("huntaze"):

        class Vault(Record):
            secret = EncryptedTextField()
            other = EncryptedTextField(null=True)

            class Meta:
                app_label = "huntaze"

    with connection.schema_editor() as editor:
        editor.create_model(Vault)
    return Vault


def stored(vault, column="secret"):
    """Return a column as it stands in the database."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM huntaze_vault WHERE id = %s", [vault.id])
        return cursor.fetchone()[0]


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])), st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_text_comes_back_with_its_context(text, context):
    assert crypto.decrypt(crypto.encrypt(text, context=context), context=context) == text


def test_same_text_is_never_encrypted_alike():
    assert len({crypto.encrypt("secret", context="here") for __ in range(100)}) == 100


def test_text_in_another_context_is_refused():
    with pytest.raises(CannotDecrypt):
        crypto.decrypt(crypto.encrypt("secret", context="here"), context="there")


def test_every_altered_character_is_found():
    token = crypto.encrypt("secret", context="here")
    for place in range(len(token)):
        altered = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        with pytest.raises(CannotDecrypt):
            crypto.decrypt(altered, context="here")


@pytest.mark.parametrize("token", ["", ".", "test.", "test.AAAA", "test.é", "none.AAAA", "no dot"])
def test_what_is_no_ciphertext_is_refused(token):
    with pytest.raises(CannotDecrypt):
        crypto.decrypt(token, context="here")


def test_first_key_encrypts_and_all_decrypt(settings):
    settings.ENCRYPTION_KEYS = [OLD]
    token = crypto.encrypt("secret", context="here")
    settings.ENCRYPTION_KEYS = [NEW, OLD]
    anew = crypto.encrypt("secret", context="here")
    assert ([crypto.is_current(each) for each in (token, anew)], crypto.decrypt(token, context="here")) == ([False, True], "secret")


def test_dropped_key_decrypts_no_more(settings):
    settings.ENCRYPTION_KEYS = [OLD]
    token = crypto.encrypt("secret", context="here")
    settings.ENCRYPTION_KEYS = [NEW]
    with pytest.raises(CannotDecrypt):
        crypto.decrypt(token, context="here")


@pytest.mark.parametrize("keys", [[], ["short:x"], ["no-kid" + "x" * 40], [OLD, OLD], ["a.b:" + "x" * 40]])
def test_ring_that_cannot_be_used_is_refused(settings, keys):
    settings.ENCRYPTION_KEYS = keys
    with pytest.raises(EnvError):
        crypto.encrypt("secret", context="here")


def test_column_holds_no_clear_text(vaults):
    vault = vaults.objects.create(secret="canary")
    assert ("canary" in stored(vault), vaults.objects.get().secret) == (False, "canary")


def test_same_row_reads_what_it_saved(vaults):
    vault = vaults.objects.create(secret="first")
    vault.secret = "second"
    vault.save()
    assert (vault.secret, vaults.objects.get().secret) == ("second", "second")


def test_saving_a_row_leaves_what_was_not_read_as_it_is(vaults):
    vault = vaults.objects.create(secret="canary")
    before = stored(vault)
    vaults.objects.get().save()
    assert stored(vault) == before


def test_deferred_column_is_read_when_asked_for(vaults):
    vaults.objects.create(secret="canary")
    assert vaults.objects.defer("secret").get().secret == "canary"


def test_nothing_stays_nothing(vaults):
    vault = vaults.objects.create(secret="canary")
    assert (vaults.objects.get().other, stored(vault, "other")) == (None, None)


def test_ciphertext_moved_to_another_row_cannot_be_read(vaults):
    first, second = vaults.objects.create(secret="first"), vaults.objects.create(secret="second")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE huntaze_vault SET secret = %s WHERE id = %s", [stored(first), second.id])
    with pytest.raises(CannotDecrypt):
        _ = vaults.objects.get(id=second.id).secret


def test_ciphertext_moved_to_another_column_cannot_be_read(vaults):
    vaults.objects.create(secret="first", other="second")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE huntaze_vault SET other = secret")
    with pytest.raises(CannotDecrypt):
        _ = vaults.objects.get().other


def test_clear_text_is_never_written_by_an_update(vaults):
    with pytest.raises(TypeError):
        vaults.objects.update(secret="canary")


def test_encrypted_column_is_not_searched(vaults):
    with pytest.raises(TypeError):
        vaults.objects.filter(secret="canary").exists()


def test_values_say_nothing(vaults):
    vaults.objects.create(secret="canary")
    value = vaults.objects.values_list("secret", flat=True).get()
    assert (type(value), str(value), repr(value)) == (Sealed, "(encrypted)", "(encrypted)")
