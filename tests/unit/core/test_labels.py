from __future__ import annotations

from gateway.core.labels import labels

ONE, TWO = "MSIP_Label_01234567-89ab-cdef-0123-456789abcdef", "MSIP_Label_11111111-89ab-cdef-0123-456789abcdef"


def test_labels_of_purview_that_are_on() -> None:
    value = (
        f"{ONE}_Enabled=True; {ONE}_Name=Confidential; {ONE}_Method=Privileged; {TWO}_Enabled=false; {TWO}_Name=Public;"
    )
    assert labels([("MSIP_Labels", value)]) == ("01234567-89ab-cdef-0123-456789abcdef", "Confidential")


def test_labels_of_other_fields() -> None:
    fields = [("Sensitivity", "Private"), ("x-classification", " intern "), ("X-Other", "x"), ("Sensitivity", "")]
    assert labels(fields) == ("Private", "intern")


def test_what_is_no_label_says_nothing() -> None:
    assert labels([("msip_labels", ";;=; MSIP_Label_x_Name=a; MSIP_Label_=")]) == ()
