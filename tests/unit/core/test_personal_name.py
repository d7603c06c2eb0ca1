from __future__ import annotations

import pytest

from gateway.core.personal_name import form_of_name, forms_of_colleague, forms_of_stranger


@pytest.mark.parametrize(
    ("colleague", "stranger", "same"),
    [
        ("jan.jansen", "jan.jansen", True),
        ("jan.jansen", "janjansen82", True),
        ("jan.jansen", "jansen_jan", True),
        ("jan.jansen", "j.jansen", True),
        ("jan.jansen", "Jan.Jansen+werk", True),
        ("jan.jansen", "jeroen.jansen", False),
        ("j.jansen", "jan.jansen", False),
        ("rené.deboer", "rene.deboer", True),
        ("anna", "anna", False),  # too short
        ("administratie", "administratie", False),
        ("info", "info", False),
    ],
)
def test_whose_address_it_may_be(colleague: str, stranger: str, same: bool) -> None:
    assert bool(set(forms_of_colleague(colleague)) & set(forms_of_stranger(stranger))) is same


def test_names_beside_addresses() -> None:
    assert form_of_name("Jan de Vries") == form_of_name("de Vries, Jan") == "de-jan-vries"
    assert form_of_name("Jan") == form_of_name("") == form_of_name("J. 7") == ""
