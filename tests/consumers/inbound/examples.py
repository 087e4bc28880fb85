"""Messages of each topic, as the specs of its channel tell them: of every kind at least one."""

from collections.abc import Mapping, Sequence
from typing import Any

from tests.consumers.inbound import test_ads as ads
from tests.consumers.inbound import test_calls as calls
from tests.consumers.inbound import test_chat as chat
from tests.consumers.inbound import test_invoices as invoices
from tests.consumers.inbound import test_learning as learning
from tests.consumers.inbound import test_orders as orders
from tests.consumers.inbound import test_risk as risk
from tests.consumers.inbound import test_staff as staff
from tests.consumers.inbound import test_tags as tags
from tests.consumers.inbound import test_touchpoints as touchpoints

found = {"phone": touchpoints.PHONE, "email": "li@example.cn", "wechat": "li_na_26", "account_id": "u-77"}

EXAMPLES: Mapping[str, Sequence[dict[str, Any]]] = {
    "hr.staff.v1": [staff.joined, staff.moved, staff.promoted, staff.away, staff.back, staff.left],
    "shop.orders.v1": orders.WHOLE,
    "telephony.calls.v1": [
        *(calls.placed, calls.ringing, calls.queued, calls.answered, calls.ended, calls.recorded),
        calls.without(calls.told("seat", agent="ann", state="wrap-up"), "call"),
    ],
    "chat.leads.v1": [chat.left, chat.updated],
    "ads.leads.v1": [ads.told, ads.filled(), *ads.COSTS],
    "learning.progress.v1": learning.COURSES,
    "risk.flags.v1": [risk.raised, risk.cleared],
    "billing.invoices.v1": [*invoices.STORY, invoices.credited, invoices.given_up],
    "bigdata.tags.v1": [tags.run(1, tags.add("vip", confidence=0.5), tags.remove("pianist"))],
    "web.touchpoints.v1": [touchpoints.met(3, each, **found) for each in (None, touchpoints.form, touchpoints.social)],
}
