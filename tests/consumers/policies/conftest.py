import pytest

pytest.register_assert_rewrite("tests.consumers.policies.order_desk")
