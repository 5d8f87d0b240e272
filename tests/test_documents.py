import pytest

from disentangle_cli.documents import jsonable


def test_jsonable_refuses_what_has_no_json_form() -> None:
    with pytest.raises(TypeError, match="no JSON form"):
        jsonable(object())
